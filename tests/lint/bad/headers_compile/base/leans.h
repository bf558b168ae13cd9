#pragma once
size_t leans(void);
