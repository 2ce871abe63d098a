# A prompt that is easy to recognise, for people and for programs.
PS1='root@netroot:\w# '
unset PROMPT_COMMAND
alias ls='ls --color=auto'
