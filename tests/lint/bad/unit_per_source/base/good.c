int tested(void);
