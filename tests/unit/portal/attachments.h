/* Small files that are what they say: for the tests of attachments. */
#pragma once

#include "base/span.h"

/* Each the caller frees. */
struct bytes *attachment_pdf(void);
struct bytes *attachment_png(void);
struct bytes *attachment_jpeg(void);
/* a with b behind it. */
struct bytes *attachment_joined(struct span a, struct span b);
