int unguarded(void);
