typedef struct second_name second_name_t;
