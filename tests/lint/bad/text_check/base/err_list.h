/* ---- samples ---- */
ERR_ITEM(ERR_ONE, "one", STOP, 500, "错误", "Error", "请重试。", "")
ERR_ITEM(ERR_TWO, "one", STOP, 500, "错误", "Error", "请重试。", "Try again.")
ERR_ITEM(ERR_THREE, "Three", STOP, 500, "Error", "Error", "请重试。", "Try again.")
