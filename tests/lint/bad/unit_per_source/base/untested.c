int untested(void);
