/* ---- samples ---- */
ERR_ITEM(ERR_KNOWN, "known", STOP, 500, "错误", "Error", "请重试。", "Try again.")
