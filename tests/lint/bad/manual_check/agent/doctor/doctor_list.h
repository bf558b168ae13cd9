/* ---- samples ---- */
