/*
 * random-io r|w DEVICE: 4096 transfers of 4 KiB, at places drawn by lot within 64 MiB, past the page cache; behind writes an fsync.
 * For a guest that has no libc of ours: gcc -m32 -Os -nostdlib -static. System calls by their numbers (i386).
 */
static int call(int number, int a, int b, int c, int d, int e) {
    int result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory");
    return result;
}

enum { EXIT = 1, OPEN = 5, FSYNC = 118, PREAD64 = 180, PWRITE64 = 181 };
enum { WRITE_ONLY = 1, DIRECT = 0x4000, LARGE_FILE = 0x8000 };

static char memory[8192];

__attribute__((used)) static void begin(int *stack) {
    char **arguments = (char **)(stack + 1);
    int writes = arguments[1][0] == 'w';
    int file = call(OPEN, (int)arguments[2], DIRECT | LARGE_FILE | (writes ? WRITE_ONLY : 0), 0, 0, 0);
    char *block = (char *)(((unsigned)memory + 4095) & ~4095u);
    unsigned lot = 12345;
    if (file < 0) call(EXIT, 1, 0, 0, 0, 0);
    for (int i = 0; i < 4096; i++) block[i] = (char)(i | 1);
    for (int i = 0; i < 4096; i++) {
        lot = lot * 1103515245u + 12345u;
        int at = (int)(((lot >> 16) & 16383) << 12);
        if (call(writes ? PWRITE64 : PREAD64, file, (int)block, 4096, at, 0) != 4096) call(EXIT, 2, 0, 0, 0, 0);
    }
    if (writes && call(FSYNC, file, 0, 0, 0, 0) < 0) call(EXIT, 3, 0, 0, 0, 0);
    call(EXIT, 0, 0, 0, 0, 0);
}

__asm__(".globl _start\n_start: mov %esp, %eax\n push %eax\n call begin\n");
