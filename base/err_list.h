/* Every error: the enum, the stable code, the kind, the HTTP status of a problem answer, what happened
 * (Chinese, English) and what to do. docs/api/errors.md is made from this list by ./dev docs.
 *
 * Codes are part of the API: never renamed, never reused. No include guard: included where ERR_ITEM
 * is defined. */

/* clang-format off */

/* ---- ourselves ---- */
ERR_ITEM(ERR_INTERNAL, "internal", BUG, 500,
    "程序内部错误", "Internal error",
    "请重试；如再次出现，请把“ukeyctl doctor”的输出发给技术支持。", "Try again; if it happens again send the output of \"ukeyctl doctor\" to support.")
ERR_ITEM(ERR_NO_LOCKED_MEMORY, "no-locked-memory", STOP, 500,
    "无法取得受保护的内存", "No memory could be locked for secrets",
    "请提高该用户的“最大锁定内存”限制（ulimit -l）后重试。", "Raise the user's locked-memory limit (ulimit -l) and try again.")
ERR_ITEM(ERR_SANDBOX, "sandbox", STOP, 500,
    "无法启用程序的安全限制，未启动", "The program could not shut itself in and did not start",
    "请把“ukeyd --sandbox-report”的输出发给技术支持。", "Send the output of \"ukeyd --sandbox-report\" to support.")
ERR_ITEM(ERR_FOLDER_UNSAFE, "folder-unsafe", STOP, 500,
    "其他用户可以改动程序使用的文件夹，未启动", "Other users can change a folder of the program; it did not start",
    "请把详情中的文件夹设为仅本人可用（chmod 700），或移走后重试。", "Make the folder named in the detail yours alone (chmod 700), or move it away, and try again.")
ERR_ITEM(ERR_FILE, "file", STOP, 500,
    "无法读写文件", "A file could not be read or written",
    "请检查磁盘空间和文件权限。", "Check the disk's free space and the file's permissions.")
ERR_ITEM(ERR_FILE_MISSING, "file-missing", STOP, 404,
    "文件不存在", "The file does not exist",
    "请检查文件名。", "Check the file's name.")
ERR_ITEM(ERR_CONFIG, "config", STOP, 500,
    "配置文件有误", "The configuration is wrong",
    "请联系管理员更正配置文件。", "Ask the administrator to correct the configuration file.")
ERR_ITEM(ERR_USAGE, "usage", STOP, 400,
    "命令行参数有误", "The command line is wrong",
    "请查看“--help”。", "See \"--help\".")
ERR_ITEM(ERR_JOURNAL, "journal", STOP, 500,
    "无法写入操作记录，操作未继续", "The journal could not be written, so the operation did not go on",
    "请检查磁盘空间后重试。", "Check the disk's free space and try again.")
ERR_ITEM(ERR_DATABASE, "database", STOP, 500,
    "数据库错误", "Database error",
    "请稍后重试。", "Try again later.")
ERR_ITEM(ERR_ALREADY_RUNNING, "already-running", STOP, 500,
    "程序已在运行", "The program is already running",
    "无需再次启动。", "There is no need to start it again.")
ERR_ITEM(ERR_PORTS_TAKEN, "ports-taken", STOP, 500,
    "本机端口均被占用", "All local ports are taken",
    "请关闭占用端口的程序后重试。", "Close the program that holds the ports and try again.")
ERR_ITEM(ERR_CRYPTO, "crypto", STOP, 500,
    "密码运算失败", "A cryptographic operation failed",
    "请重试；如再次出现，请联系技术支持。", "Try again; if it happens again ask support.")
ERR_ITEM(ERR_DEADLINE, "deadline", RETRY, 504,
    "超过了允许的时间", "It took longer than allowed",
    "请重试。", "Try again.")
ERR_ITEM(ERR_CANCELLED, "cancelled", STOP, 409,
    "操作已取消", "The operation was cancelled",
    "如需继续，请重新发起。", "Start again if you want to go on.")
ERR_ITEM(ERR_TLS, "tls", STOP, 500,
    "安全连接出错", "TLS failed",
    "请重试。", "Try again.")
ERR_ITEM(ERR_SOCKET, "socket", STOP, 500,
    "网络连接出错", "A socket failed",
    "请重试。", "Try again.")
ERR_ITEM(ERR_AGENT_UNREACHABLE, "agent-unreachable", USER, 503,
    "连接不到延期驱动（ukeyd）", "The agent (ukeyd) can't be reached",
    "请确认驱动已安装并正在运行。", "Make sure that ukeyd is installed and running.")
ERR_ITEM(ERR_REPORT_EXISTS, "report-exists", STOP, 409,
    "已有同名文件，报告未保存", "There is a file of this name already; the report was not saved",
    "请换一个文件名，或先移走原来的文件。", "Choose another name, or move the file away first.")
ERR_ITEM(ERR_UNHEALTHY, "unhealthy", USER, 409,
    "检查发现了问题", "The check found something wrong",
    "请按列出的办法逐项处理。", "Do what is said at each finding.")

/* ---- trust of browsers in the agent's certificate ---- */
ERR_ITEM(ERR_TRUST_NO_IDENTITY, "trust-no-certificate", USER, 409,
    "延期驱动还没有生成本机证书", "The agent has not made its certificate yet",
    "请先运行一次 ukeyd，再重试。", "Start ukeyd once, then try again.")
ERR_ITEM(ERR_CERT_NOT_LOOPBACK, "trust-certificate-refused", STOP, 409,
    "本机证书与驱动生成的不符，未让浏览器信任", "The agent's certificate is not of the kind that it makes; browsers were not made to trust it",
    "请删除详情中的文件，重新启动 ukeyd 后重试；如再次出现，请检查本机是否被入侵。",
    "Delete the file named in the detail, start ukeyd anew and try again; if it comes back, have the computer checked for intruders.")
ERR_ITEM(ERR_TRUST_HOME, "trust-home", USER, 409,
    "主目录不属于当前用户", "The home folder belongs to another user",
    "请以使用浏览器的用户身份执行，不要使用 sudo；供所有用户使用的设置用 --system。",
    "Run it as the user of the browser, without sudo; what is for all users takes --system.")
ERR_ITEM(ERR_TRUST_NOT_ROOT, "trust-not-root", USER, 403,
    "需要管理员权限", "This needs an administrator",
    "请使用 sudo 执行。", "Run it with sudo.")
ERR_ITEM(ERR_TRUST_TOOL_MISSING, "trust-tool-missing", USER, 503,
    "缺少程序 certutil", "The program certutil is missing",
    "请安装软件包 libnss3-tools 后重试。", "Install the package libnss3-tools and try again.")
ERR_ITEM(ERR_TRUST_PASSWORD, "trust-database-password", USER, 409,
    "浏览器的证书库设有密码，未作改动", "The browser's certificate database has a password; it was not changed",
    "请去掉证书库的密码后重试，或在浏览器的证书管理页面中手工导入本机证书。",
    "Take the database's password away and try again, or import the certificate by hand in the browser's settings.")
ERR_ITEM(ERR_TRUST_READ_ONLY, "trust-database-read-only", USER, 409,
    "浏览器的证书库只读，未作改动", "The browser's certificate database is read-only; it was not changed",
    "请检查该文件夹的权限和磁盘后重试。", "Check the folder's permissions and the disk, then try again.")
ERR_ITEM(ERR_TRUST_BUSY, "trust-database-busy", RETRY, 503,
    "浏览器的证书库正被其他程序占用或已损坏，未作改动", "The browser's certificate database is held by another program or damaged; it was not changed",
    "请关闭所有浏览器窗口后重试。", "Close all windows of the browser and try again.")
ERR_ITEM(ERR_TRUST_DATABASE, "trust-database", STOP, 500,
    "无法使用浏览器的证书库", "The browser's certificate database can't be used",
    "如证书库已损坏，请关闭浏览器，移走详情中的文件夹后重试。",
    "If it is damaged close the browser, move the folder named in the detail away, and try again.")
ERR_ITEM(ERR_TRUST_POLICY_FILE, "trust-policy-file", STOP, 409,
    "浏览器的策略文件内容有误，未作改动", "The browser's policy file is not what it should be; it was not changed",
    "请更正详情中的文件后重试。", "Correct the file named in the detail and try again.")
ERR_ITEM(ERR_TRUST_POLICY_CONFLICT, "trust-policy-conflict", STOP, 409,
    "另一个策略文件已设置同一项，未作改动", "Another policy file sets the same policy; nothing was changed there",
    "请把平台的网址加到详情中的文件里，或从中删去这一项后重试。",
    "Add the platforms' addresses to the file named in the detail, or take the policy out of it and try again.")

/* ---- the request at the local API or at the platform ---- */
ERR_ITEM(ERR_HTTP_HOST, "host-refused", STOP, 421,
    "请求的主机名不被接受", "This Host is not served here",
    "请使用 https://127.0.0.1 加端口访问。", "Use https://127.0.0.1 with the port.")
ERR_ITEM(ERR_HTTP_ORIGIN, "origin-refused", STOP, 403,
    "该网站未被允许使用本机CA锁", "This site may not use the key",
    "如该网站是您的采购平台，请联系管理员将其加入平台列表。", "If it is your procurement platform, ask the administrator to list it.")
ERR_ITEM(ERR_HTTP_PEER, "peer-refused", STOP, 403,
    "连接不属于当前用户", "The connection belongs to another user",
    "请以同一用户身份使用浏览器和驱动。", "Use the browser and the agent as the same user.")
ERR_ITEM(ERR_HTTP_METHOD, "method-not-allowed", STOP, 405,
    "不支持的请求方法", "The method is not allowed here",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_HTTP_FETCH_METADATA, "fetch-metadata-refused", STOP, 403,
    "请求不是由页面脚本发出的", "The request does not come from a page's script",
    "请通过平台页面操作。", "Use the platform's page.")
ERR_ITEM(ERR_HTTP_NOT_FOUND, "not-found", STOP, 404,
    "没有这个地址", "There is nothing at this address",
    "请检查地址。", "Check the address.")
ERR_ITEM(ERR_HTTP_CONTENT_TYPE, "content-type-refused", STOP, 415,
    "请求内容类型不是 application/json", "The content type is not application/json",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_HTTP_TOO_LARGE, "too-large", STOP, 413,
    "请求内容过大", "The request is too large",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_HTTP_BAD_REQUEST, "bad-request", STOP, 400,
    "请求格式有误", "The request is malformed",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_HTTP_HEAD_TOO_LARGE, "head-too-large", STOP, 431,
    "请求头过大", "The request's headers are too large",
    "请清除该网站的 Cookie 后重试，或按接口文档使用。", "Clear the site's cookies and try again, or see the API's documentation.")
ERR_ITEM(ERR_HTTP_LENGTH_REQUIRED, "length-required", STOP, 411,
    "请求缺少 Content-Length", "The request has no Content-Length",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_HTTP_VERSION, "http-version-refused", STOP, 505,
    "不支持的 HTTP 版本", "Only HTTP/1.1 is spoken here",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_HTTP_TIMEOUT, "request-timeout", RETRY, 408,
    "请求发送过慢", "The request took too long to arrive",
    "请重试。", "Try again.")
ERR_ITEM(ERR_HTTP_UPGRADE_REQUIRED, "upgrade-required", STOP, 426,
    "该地址只接受 WebSocket 连接", "This address takes WebSocket connections only",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_HTTP_TOO_MANY, "too-many-requests", RETRY, 429,
    "请求过于频繁", "Too many requests",
    "请稍后重试。", "Try again later.")
ERR_ITEM(ERR_JSON_SYNTAX, "json-syntax", STOP, 400,
    "内容不是有效的 JSON", "The content is not valid JSON",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_JSON_LIMIT, "json-limit", STOP, 400,
    "JSON 层级过深或内容过大", "The JSON is nested too deeply or too large",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_JSON_DUPLICATE, "json-duplicate-member", STOP, 400,
    "JSON 含有重复的成员", "A JSON member occurs twice",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_FIELD_MISSING, "field-missing", STOP, 400,
    "缺少必需的字段", "A required field is missing",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_FIELD_UNKNOWN, "field-unknown", STOP, 400,
    "含有未知的字段", "There is an unknown field",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_FIELD_TYPE, "field-type", STOP, 400,
    "字段类型有误", "A field has the wrong type",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_FIELD_VALUE, "field-value", STOP, 400,
    "字段取值有误", "A field has a value that is not allowed",
    "请按接口文档使用。", "See the API's documentation.")
ERR_ITEM(ERR_PIN_IN_REQUEST, "pin-in-request", STOP, 400,
    "请求中含有密码字段，已拒绝", "The request carries a PIN field and was refused",
    "密码只在驱动弹出的密码框中输入，网页不得传递密码。", "A PIN is typed into the agent's own dialog only; a page must never send one.")
ERR_ITEM(ERR_OPERATION_UNKNOWN, "operation-unknown", STOP, 404,
    "没有这个操作", "There is no such operation",
    "请重新发起操作。", "Start the operation again.")
ERR_ITEM(ERR_OPERATION_BUSY, "operation-busy", RETRY, 409,
    "正在进行另一个操作", "Another operation is under way",
    "请等待其完成，或先取消它。", "Wait for it to end, or cancel it first.")
ERR_ITEM(ERR_OPERATION_TOO_LATE, "operation-too-late", STOP, 409,
    "操作已进行到不可取消的步骤", "The operation is past the step up to which it can be cancelled",
    "请等待操作完成，请勿拔出CA锁。", "Wait for it to end and leave the key in.")
ERR_ITEM(ERR_OPERATION_NOT_RESUMABLE, "operation-not-resumable", STOP, 409,
    "该操作不能继续", "The operation can't be gone on with",
    "请在平台上重新发起；平台不会重复签发。", "Start again on the platform; it will not issue twice.")
ERR_ITEM(ERR_INTERRUPTED, "interrupted", RETRY, 503,
    "操作被中断", "The operation was interrupted",
    "请插好CA锁后继续办理，或重新发起；平台不会重复签发。", "Put the key in and go on, or start again; the platform will not issue twice.")

/* ---- PC/SC ---- */
ERR_ITEM(ERR_PCSC_NO_SERVICE, "pcsc-no-service", USER, 503,
    "智能卡服务（pcscd）未运行", "The smart-card service (pcscd) is not running",
    "请启动 pcscd 服务（systemctl start pcscd.socket），或联系管理员安装。", "Start pcscd (systemctl start pcscd.socket), or ask the administrator to install it.")
ERR_ITEM(ERR_PCSC_NO_PERMISSION, "pcsc-no-permission", USER, 503,
    "无权使用智能卡服务", "The smart-card service refuses this user",
    "请联系管理员授予使用 pcscd 的权限（polkit）。", "Ask the administrator for permission to use pcscd (polkit).")
ERR_ITEM(ERR_PCSC_NO_READER, "no-reader", USER, 409,
    "没有读卡设备", "There is no reader",
    "请插入CA锁；如已插入，请更换USB接口后重试。", "Insert the key; if it is in, try another USB port.")
ERR_ITEM(ERR_PCSC, "pcsc", RETRY, 503,
    "智能卡服务出错", "The smart-card service failed",
    "请拔出CA锁，重新插入后重试。", "Take the key out, put it in again and retry.")
ERR_ITEM(ERR_READER_BUSY, "reader-busy", RETRY, 409,
    "CA锁正被其他程序独占使用", "Another program keeps the key to itself",
    "请关闭其他使用CA锁的程序（如 GnuPG、ykman、浏览器）后重试；ukeyctl doctor 会列出它们。", "Close other programs that use the key (GnuPG, ykman, a browser) and retry; ukeyctl doctor names them.")

/* ---- the key ---- */
ERR_ITEM(ERR_NO_TOKEN, "no-key", USER, 409,
    "没有检测到CA锁", "No key is plugged in",
    "请插入CA锁后重试。", "Insert the key and try again.")
ERR_ITEM(ERR_WRONG_TOKEN, "wrong-key", USER, 409,
    "插入的CA锁与订单不符", "The key that is plugged in is not the one of this order",
    "请插入订单所对应的CA锁（请核对介质硬件号）。", "Insert the key of this order (compare the serial number).")
ERR_ITEM(ERR_SEVERAL_TOKENS, "several-keys", USER, 409,
    "插入了多个CA锁", "Several keys are plugged in",
    "请只保留要操作的那个CA锁，或指明其序列号。", "Leave only the one that you mean, or name its serial number.")
ERR_ITEM(ERR_TOKEN_UNSUPPORTED, "key-unsupported", STOP, 409,
    "暂不支持这种CA锁", "This kind of key is not supported",
    "请联系平台客服，并提供CA锁的型号。", "Ask the platform's support, and tell them the key's model.")
ERR_ITEM(ERR_TOKEN_NO_SERIAL, "key-no-serial", STOP, 409,
    "插入的CA锁没有序列号，无法辨认", "The key has no serial number, so it can't be told from others",
    "请不要自行初始化，将CA锁交平台客服补写标识或更换。", "Don't initialise it yourself; take it to the platform's support, who can write the identifier or replace the key.")
ERR_ITEM(ERR_TOKEN_REMOVED, "key-removed", USER, 409,
    "CA锁被拔出", "The key was pulled out",
    "请重新插入同一个CA锁后重试。", "Insert the same key again and retry.")
ERR_ITEM(ERR_TOKEN_RESET, "key-reset", RETRY, 409,
    "CA锁被其他程序复位", "Another program reset the key",
    "请关闭其他使用CA锁的程序后重试。", "Close other programs that use the key and retry.")
ERR_ITEM(ERR_TOKEN_HUNG, "key-hung", USER, 504,
    "CA锁没有响应", "The key does not answer",
    "请拔出CA锁，等待几秒后重新插入再试。", "Take the key out, wait some seconds, insert it and retry.")
ERR_ITEM(ERR_TOKEN_TRANSPORT, "key-transport", RETRY, 502,
    "与CA锁的通信中断", "The connection to the key broke",
    "请重新插入CA锁后重试。", "Insert the key again and retry.")
ERR_ITEM(ERR_TOKEN_ANSWER, "key-answer", STOP, 502,
    "CA锁返回了无法理解的内容", "The key gave an answer that makes no sense",
    "请重新插入CA锁后重试；如再次出现，请联系平台客服。", "Insert the key again and retry; if it happens again ask support.")
ERR_ITEM(ERR_TOKEN_STATUS, "key-status", STOP, 502,
    "CA锁拒绝了命令", "The key refused a command",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_TOKEN_NOT_SUPPORTED, "key-command-unsupported", STOP, 502,
    "CA锁不支持该命令", "The key does not know this command",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_TOKEN_NO_SPACE, "key-full", STOP, 409,
    "CA锁空间不足", "The key is full",
    "请联系平台客服清理CA锁中不再使用的内容。", "Ask the platform's support to clear what is no longer used.")
ERR_ITEM(ERR_TOKEN_COMMANDS_SHORT, "key-commands-short", STOP, 409,
    "CA锁不接受足够长的命令，存不下证书", "The key takes no command long enough for a certificate",
    "请联系平台客服更换CA锁；CA锁内容未改变。", "Ask the platform's support for another key; nothing on it was changed.")
ERR_ITEM(ERR_TOKEN_CANNOT_REPLACE, "key-cannot-replace", STOP, 409,
    "CA锁没有位置存放第二个签名密钥", "The key has no place for a second signing key",
    "请使用现有密钥延期，或联系平台客服更换CA锁；CA锁内容未改变。", "Renew with the present key, or ask support for another one; nothing on it was changed.")
ERR_ITEM(ERR_MANAGE_REFUSED, "management-refused", STOP, 409,
    "CA锁拒绝了平台的管理认证，未写入任何内容", "The key refused the platform's authentication; nothing was written",
    "CA锁的管理密钥与平台登记的不同，请联系平台客服。", "Its management key is not the one that the platform knows; ask the platform's support.")
ERR_ITEM(ERR_MANAGE_LIMIT, "management-limit", STOP, 429,
    "平台对该CA锁的管理认证次数已达本次办理的上限", "The platform has authenticated to the key as often as one job may ask",
    "请重新发起办理；如再次出现，请联系平台客服。", "Start again; if it happens again ask the platform's support.")
ERR_ITEM(ERR_MANAGE_DAY_LIMIT, "management-day-limit", STOP, 429,
    "平台对该CA锁的管理认证次数已达当日上限", "The platform has authenticated to the key as often as one day allows",
    "请明天再试；如并非您本人频繁办理，请联系平台客服。", "Try again tomorrow; if it was not you who tried so often ask the platform's support.")
ERR_ITEM(ERR_TOKEN_MEMORY, "key-memory", STOP, 502,
    "CA锁存储出错", "The key's memory failed",
    "请停止使用并联系平台客服更换CA锁。", "Stop using the key and ask support for a new one.")
ERR_ITEM(ERR_TOKEN_NO_APPLICATION, "key-no-application", STOP, 409,
    "CA锁中没有应用", "The key holds no application",
    "请确认这是平台发放的CA锁。", "Make sure that it is a key of this platform.")
ERR_ITEM(ERR_TOKEN_NO_CONTAINER, "key-no-container", STOP, 409,
    "CA锁中没有该容器", "The key has no such container",
    "请确认这是平台发放的CA锁。", "Make sure that it is a key of this platform.")
ERR_ITEM(ERR_TOKEN_NO_CERTIFICATE, "key-no-certificate", STOP, 409,
    "CA锁中没有证书", "The key holds no certificate",
    "请确认这是平台发放的CA锁。", "Make sure that it is a key of this platform.")
ERR_ITEM(ERR_TOKEN_NO_KEY, "key-no-key-pair", STOP, 409,
    "CA锁中没有该密钥", "The key has no such key pair",
    "请确认这是平台发放的CA锁。", "Make sure that it is a key of this platform.")
ERR_ITEM(ERR_TOKEN_NO_FILE, "key-no-file", STOP, 404,
    "CA锁中没有该文件", "The key has no such file",
    "请确认这是平台发放的CA锁。", "Make sure that it is a key of this platform.")
ERR_ITEM(ERR_TOKEN_EXISTS, "key-object-exists", STOP, 409,
    "CA锁中已有同名对象", "The key already has an object of this name",
    "请重试；如再次出现，请联系平台客服。", "Try again; if it happens again ask support.")
ERR_ITEM(ERR_TOKEN_KEYGEN, "key-generation-failed", RETRY, 502,
    "CA锁生成密钥失败", "The key could not make a key pair",
    "请重试；原证书和密钥未受影响。", "Try again; the old certificate and key are untouched.")
ERR_ITEM(ERR_TOKEN_CRYPTO, "key-crypto", STOP, 502,
    "CA锁密码运算失败", "A cryptographic operation on the key failed",
    "请重新插入CA锁后重试。", "Insert the key again and retry.")
ERR_ITEM(ERR_TOKEN_LOGIN_LOST, "key-login-lost", USER, 409,
    "CA锁的登录状态已失效", "The key no longer is logged in",
    "请关闭其他使用CA锁的程序，重新操作并输入密码。", "Close other programs that use the key, start again and type the PIN.")
ERR_ITEM(ERR_TOKEN_MAC, "key-mac", STOP, 502,
    "CA锁校验命令失败", "The key refused the command's authentication code",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_TOKEN_BUSY, "key-busy", RETRY, 409,
    "CA锁正在进行另一个操作", "Another operation uses this key",
    "请等待其完成。", "Wait for it to end.")

/* ---- PIN ---- */
ERR_ITEM(ERR_PIN_WRONG, "pin-wrong", USER, 409,
    "CA锁密码错误", "The PIN is wrong",
    "请确认密码后重试；密码多次错误会锁死CA锁。", "Check the PIN; too many wrong ones lock the key.")
ERR_ITEM(ERR_PIN_LOCKED, "pin-locked", USER, 409,
    "CA锁密码已锁死", "The PIN is locked",
    "请在平台上使用“CA锁密码重置”。", "Use \"CA锁密码重置\" (PIN reset) on the platform.")
ERR_ITEM(ERR_PIN_RULES, "pin-rules", USER, 409,
    "新密码不符合要求", "The new PIN breaks a rule",
    "请换一个密码。", "Choose another PIN.")
ERR_ITEM(ERR_PIN_LENGTH, "pin-length", USER, 409,
    "输入的密码过长", "What was typed is too long for a PIN",
    "请重新输入密码；本次输入未计入错误次数。", "Type the PIN again; no try was spent.")
ERR_ITEM(ERR_PROMPT_TIMEOUT, "prompt-timeout", USER, 409,
    "密码框等待超时", "The PIN dialog was not answered in time",
    "请重新操作，并在密码框中输入密码。", "Start again and type the PIN into the dialog.")
ERR_ITEM(ERR_PROMPT_CANCELLED, "prompt-cancelled", STOP, 409,
    "您在密码框中点击了取消", "You cancelled in the PIN dialog",
    "如需继续，请重新发起。", "Start again if you want to go on.")
ERR_ITEM(ERR_PROMPT_UNAVAILABLE, "prompt-unavailable", USER, 503,
    "无法显示密码框", "The PIN dialog can't be shown",
    "请在桌面环境中使用，并确认已安装 pinentry。", "Use it in a desktop session and make sure that pinentry is installed.")
ERR_ITEM(ERR_PROMPT_BUSY, "prompt-busy", RETRY, 409,
    "已有一个密码框打开", "A PIN dialog is already open",
    "请先在已打开的密码框中操作。", "Answer the open dialog first.")
ERR_ITEM(ERR_PAGE_GONE, "page-gone", USER, 409,
    "发起操作的网页或终端已关闭，密码框已收回", "The page or terminal that asked has been closed, and so was the PIN dialog",
    "请重新打开平台网页后继续或重新发起。", "Open the platform's page again, and go on or start again.")
ERR_ITEM(ERR_DIALOGS_PAUSED, "dialogs-paused", RETRY, 429,
    "密码框刚刚被连续取消，暂停弹出", "PIN dialogs were cancelled just now and pause for a while",
    "请稍等半分钟后重试。", "Wait half a minute and try again.")
ERR_ITEM(ERR_TICKETS_PAUSED, "tickets-paused", RETRY, 429,
    "无效的操作凭据过多，暂停受理", "Too many tickets were not valid, so that none is taken for a while",
    "请稍后刷新平台网页重试；如再次出现，请联系平台客服。", "Reload the platform's page later; if it happens again ask its support.")

/* ---- the platform ---- */
ERR_ITEM(ERR_PLATFORM_UNREACHABLE, "platform-unreachable", RETRY, 502,
    "连接不到平台", "The platform can't be reached",
    "请检查网络后重试。", "Check the network and try again.")
ERR_ITEM(ERR_PLATFORM_TIMEOUT, "platform-timeout", RETRY, 504,
    "平台响应超时", "The platform did not answer in time",
    "请稍后重试。", "Try again later.")
ERR_ITEM(ERR_PLATFORM_TLS, "platform-tls", STOP, 502,
    "无法确认平台的身份", "The platform's identity can't be verified",
    "请检查电脑时间；如仍出现，请联系管理员，不要继续。", "Check the computer's clock; if it stays, ask the administrator and don't go on.")
ERR_ITEM(ERR_PLATFORM_PROXY, "platform-proxy", USER, 502,
    "代理服务器要求登录", "The proxy asks for a log-in",
    "请联系网络管理员。", "Ask the network's administrator.")
ERR_ITEM(ERR_PLATFORM_ANSWER, "platform-answer", RETRY, 502,
    "平台返回了无法理解的内容", "The platform gave an answer that makes no sense",
    "请稍后重试；如再次出现，请联系平台客服。", "Try again later; if it happens again ask the platform's support.")
ERR_ITEM(ERR_PLATFORM_FAILED, "platform-failed", RETRY, 502,
    "平台出错", "The platform failed",
    "请稍后重试；如再次出现，请联系平台客服。", "Try again later; if it happens again ask the platform's support.")
ERR_ITEM(ERR_PLATFORM_REFUSED, "platform-refused", STOP, 409,
    "平台拒绝了请求", "The platform refused the request",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_PLATFORM_PENDING, "platform-pending", RETRY, 202,
    "平台正在处理", "The platform is working on it",
    "请稍候。", "Please wait.")
ERR_ITEM(ERR_TICKET_USED, "ticket-used", STOP, 409,
    "操作凭据已被使用", "The ticket was used before",
    "请回到平台页面重新点击。", "Go back to the platform's page and click again.")
ERR_ITEM(ERR_TICKET_EXPIRED, "ticket-expired", STOP, 410,
    "操作凭据已过期", "The ticket has expired",
    "请回到平台页面重新点击。", "Go back to the platform's page and click again.")
ERR_ITEM(ERR_TICKET_UNKNOWN, "ticket-unknown", STOP, 404,
    "操作凭据无效", "The ticket is not valid",
    "请回到平台页面重新点击。", "Go back to the platform's page and click again.")
ERR_ITEM(ERR_TICKET_KIND, "ticket-kind", STOP, 409,
    "操作凭据不适用于该操作", "The ticket is for another kind of operation",
    "请回到平台页面重新点击。", "Go back to the platform's page and click again.")
ERR_ITEM(ERR_ORDER_NOT_APPROVED, "order-not-approved", STOP, 409,
    "订单尚未审核通过", "The order is not approved yet",
    "请等待平台审核通过后再办理延期。", "Wait until the platform has approved the order.")
ERR_ITEM(ERR_JOB_UNKNOWN, "job-unknown", STOP, 404,
    "平台没有这个任务", "The platform does not know this job",
    "请回到平台页面重新点击。", "Go back to the platform's page and click again.")
ERR_ITEM(ERR_JOB_EXPIRED, "job-expired", STOP, 410,
    "任务已过期", "The job has expired",
    "请回到平台页面重新点击。", "Go back to the platform's page and click again.")
ERR_ITEM(ERR_JOB_CONFLICT, "job-conflict", STOP, 409,
    "该任务已用于另一个请求", "The job was used for another request already",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_JOB_FORBIDDEN, "job-forbidden", STOP, 403,
    "任务密钥不正确", "The job's secret is wrong",
    "请回到平台页面重新点击。", "Go back to the platform's page and click again.")
ERR_ITEM(ERR_PROOF, "proof-refused", STOP, 409,
    "CA锁的签名证明不正确", "The proof signed by the key is wrong",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_ORDER_BEFORE, "earlier-order", STOP, 409,
    "CA锁中已写入另一订单的新证书，平台尚未得到确认", "The key holds the certificate of an earlier order, which the platform has not heard of",
    "请先在那个订单上再次点击“延期”完成确认，然后再办理本订单。", "Start the renewal of that order once more: it will be confirmed. Then renew for this one.")
ERR_ITEM(ERR_NOT_DUE, "not-due", STOP, 409,
    "证书还不需要延期", "The certificate is not due for renewal",
    "请在临近到期时再办理。", "Come back when it is nearer to its end.")
ERR_ITEM(ERR_POLICY, "policy-unsupported", STOP, 409,
    "平台的办理方式与该CA锁不符", "The platform's policy does not fit this key",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_WRITTEN_NOT_CONFIRMED, "written-not-confirmed", RETRY, 202,
    "证书已写入CA锁，平台尚未确认", "The certificate is on the key, the platform has not confirmed yet",
    "CA锁可正常使用；程序会自动继续确认。", "The key works; the agent keeps trying to confirm.")

/* ---- what the platform or the key gave us ---- */
ERR_ITEM(ERR_DER, "der", STOP, 502,
    "数据编码有误", "The DER encoding is wrong",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_DER_TRAILING, "der-trailing-bytes", STOP, 502,
    "数据末尾有多余内容", "There are bytes behind the end of the data",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_BASE64, "base64", STOP, 400,
    "Base64 编码有误", "The Base64 is wrong",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_CERT_PUBLIC_KEY, "certificate-public-key", STOP, 502,
    "证书与CA锁中的密钥不匹配", "The certificate is for another public key",
    "CA锁未被改动。请联系平台客服。", "Nothing was written. Ask the platform's support.")
ERR_ITEM(ERR_CERT_SUBJECT, "certificate-subject", STOP, 502,
    "证书的单位名称与原证书不一致", "The certificate is for another subject",
    "CA锁未被改动。请联系平台客服。", "Nothing was written. Ask the platform's support.")
ERR_ITEM(ERR_CERT_VALIDITY, "certificate-validity", STOP, 502,
    "新证书的有效期没有延长", "The new certificate does not end later than the old one",
    "CA锁未被改动。请联系平台客服。", "Nothing was written. Ask the platform's support.")
ERR_ITEM(ERR_CERT_UNTRUSTED, "certificate-untrusted", STOP, 502,
    "证书不是由可信的CA签发", "The certificate does not come from a trusted CA",
    "CA锁未被改动。请联系平台客服。", "Nothing was written. Ask the platform's support.")
ERR_ITEM(ERR_CERT_USAGE, "certificate-usage", STOP, 502,
    "证书的密钥用途不正确", "The certificate's key usage is wrong",
    "CA锁未被改动。请联系平台客服。", "Nothing was written. Ask the platform's support.")
ERR_ITEM(ERR_CERT_ALGORITHM, "certificate-algorithm", STOP, 502,
    "证书算法不被支持", "The certificate's algorithm is not supported",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_CERT_TIME, "certificate-time", USER, 502,
    "证书尚未生效或已过期", "The certificate is not valid now",
    "请检查电脑时间；如时间正确，请联系平台客服。", "Check the computer's clock; if it is right ask the platform's support.")
ERR_ITEM(ERR_SIGNATURE, "signature", STOP, 502,
    "签名验证失败", "A signature is wrong",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_CSR, "csr", STOP, 400,
    "证书请求有误", "The certificate request is wrong",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_ENVELOPE, "envelope", STOP, 502,
    "加密密钥信封有误", "The enveloped key is malformed",
    "CA锁未被改动。请联系平台客服。", "Nothing was written. Ask the platform's support.")
ERR_ITEM(ERR_ENVELOPE_KEY, "envelope-key", STOP, 502,
    "加密密钥信封与加密证书不匹配", "The enveloped key is not the key of the encryption certificate",
    "CA锁未被改动。请联系平台客服。", "Nothing was written. Ask the platform's support.")
ERR_ITEM(ERR_READ_BACK, "read-back", STOP, 502,
    "写入后读回的内容不一致", "What was read back is not what was written",
    "请重新办理；原密钥仍可使用。", "Start again; the old key still works.")

/* ---- electronic seals ---- */
ERR_ITEM(ERR_SEAL_FORMAT, "seal-format", STOP, 502,
    "电子签章数据格式有误", "The electronic seal is malformed",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_SEAL_VERSION, "seal-version", STOP, 502,
    "不支持该版本的电子签章", "This version of electronic seal is not supported",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_SEAL_MAKER, "seal-maker", STOP, 502,
    "电子签章不是由可信的制章人制作", "The seal's maker is not trusted",
    "CA锁未被改动。请联系平台客服。", "Nothing was written. Ask the platform's support.")
ERR_ITEM(ERR_SEAL_SIGNATURE, "seal-signature", STOP, 502,
    "电子签章的签名不正确", "The seal's signature is wrong",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_SEAL_TIME, "seal-time", USER, 409,
    "电子签章不在有效期内", "The seal is not valid now",
    "请办理签章延期；如刚办理完成，请检查电脑时间。", "Extend the seal; if that was just done check the computer's clock.")
ERR_ITEM(ERR_SEAL_HOLDER, "seal-holder", STOP, 409,
    "电子签章与CA锁中的证书不匹配", "The seal is not bound to the key's certificate",
    "请办理签章延期。", "Extend the seal.")
ERR_ITEM(ERR_SEAL_PICTURE, "seal-picture", STOP, 502,
    "新签章的印章图片与原签章不同", "The new seal has another picture",
    "CA锁未被改动。请联系平台客服。", "Nothing was written. Ask the platform's support.")
ERR_ITEM(ERR_SEAL_IDENTITY, "seal-identity", STOP, 409,
    "新签章不是原签章的延期", "The new seal is not the present one extended",
    "CA锁未被改动。请联系平台客服。", "Nothing was written. Ask the platform's support.")
ERR_ITEM(ERR_SEAL_END, "seal-end", STOP, 502,
    "新签章的有效期没有延长", "The new seal does not end later than the present one",
    "CA锁未被改动。请联系平台客服。", "Nothing was written. Ask the platform's support.")
ERR_ITEM(ERR_SEAL_TOO_LARGE, "seal-too-large", STOP, 409,
    "电子签章过大，CA锁放不下", "The seal is too large for the key",
    "CA锁未被改动。请联系平台客服。", "Nothing was written. Ask the platform's support.")
ERR_ITEM(ERR_SEAL_MISSING, "seal-missing", STOP, 409,
    "CA锁中没有电子签章", "The key holds no electronic seal",
    "请先在平台上办理电子签章。", "Apply for a seal on the platform first.")
ERR_ITEM(ERR_SEAL_SEVERAL, "several-seals", STOP, 409,
    "CA锁中有多个电子签章", "The key holds several electronic seals",
    "请在平台的签章延期页面选择要延期的签章；ukeyctl tokens 列出CA锁中的各个签章。",
    "Choose the seal on the platform's page 签章延期; ukeyctl tokens lists those on the key.")
ERR_ITEM(ERR_SEAL_UNKNOWN, "seal-unknown", STOP, 409,
    "该电子签章不是平台为此CA锁制作的", "The platform did not make this seal for this key",
    "CA锁未被改动。请联系平台客服重新制作签章。", "Nothing was written. Ask the platform's support for a new seal.")
ERR_ITEM(ERR_SEAL_STATE, "seal-state", STOP, 409,
    "签章当前状态不允许该操作", "The seal's state does not allow this",
    "请刷新页面查看签章；如与CA锁中的证书不匹配，请重新办理签章延期。",
    "Reload the page and look at the seal; if it is not bound to the key's certificate, extend it again.")
ERR_ITEM(ERR_RENEW_FIRST, "renew-first", USER, 409,
    "证书尚未延期，不能办理签章延期", "The certificate has not been renewed yet",
    "请先办理CA延期续费。", "Renew the certificate first.")
ERR_ITEM(ERR_SEAL_EXTENDED, "seal-already-extended", USER, 409,
    "电子签章已经延期", "The seal is extended already",
    "无需再次办理；签章与CA锁中的证书一致，到期日与证书相同。", "There is nothing to do: the seal is bound to the key's certificate and ends with it.")

/* ---- PIN reset ---- */
ERR_ITEM(ERR_ADMIN_PIN_LOCKED, "administrator-pin-locked", STOP, 409,
    "CA锁的管理员密码已锁死，无法在线重置", "The key's administrator PIN is locked, so it can't be reset online",
    "请联系平台客服更换CA锁。", "Ask the platform's support for a new key.")
ERR_ITEM(ERR_ADMIN_PIN_LOW, "administrator-tries-low", STOP, 409,
    "CA锁的管理员密码剩余次数过少，为保护CA锁已停止重置", "Too few administrator tries are left; the reset was stopped to protect the key",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_UNBLOCK_REFUSED, "unblock-refused", STOP, 409,
    "CA锁拒绝了重置密码的命令", "The key refused the PIN reset",
    "请不要反复尝试，联系平台客服。", "Don't try again and again; ask the platform's support.")
ERR_ITEM(ERR_RESET_RULES, "reset-pin-rules", STOP, 409,
    "CA锁的密码规则不接受初始密码，密码未重置", "The key's rules for PINs refuse the initial one; the PIN was not reset",
    "请联系平台客服更换CA锁，或由其关闭该CA锁的密码规则。", "Ask the platform's support for another key, or to switch this key's rules off.")
ERR_ITEM(ERR_RESET_UNCLEAR, "reset-unclear", USER, 409,
    "重置时与CA锁的通信中断，密码可能已经是123456，也可能没有改变", "The key was lost during the reset: its PIN may be 123456 already, or as it was",
    "请重新插入CA锁查看密码状态：显示为初始密码时即为123456，否则请重新办理密码重置。", "Put the key back in and look at its PIN: when it is shown as the initial one it is 123456; else start the reset again.")
ERR_ITEM(ERR_PIN_CHANGE_UNCLEAR, "pin-change-unclear", USER, 409,
    "修改密码时与CA锁的通信中断，新密码可能已经生效，也可能没有改变", "The key was lost while its PIN was changed: the new PIN may hold already, or the old one",
    "请重新插入CA锁，下次先输入新密码；如提示密码错误（计一次错误），再输入原密码。", "Put the key back in. Type the new PIN first next time; when it is refused, which costs one try, type the old one.")
ERR_ITEM(ERR_RESET_LIMIT, "reset-limit", STOP, 429,
    "密码重置次数已达上限", "The limit of PIN resets is reached",
    "请明天再试，或联系平台客服。", "Try again tomorrow, or ask the platform's support.")
ERR_ITEM(ERR_RESET_STATE, "reset-state", STOP, 409,
    "重置申请当前状态不允许该操作", "The reset request's state does not allow this",
    "请刷新页面查看申请状态。", "Reload the page and look at the request's state.")
ERR_ITEM(ERR_PROFILE_UNKNOWN, "profile-unknown", STOP, 409,
    "平台不支持重置这种CA锁的密码", "The platform can't reset the PIN of this kind of key",
    "请联系平台客服。", "Ask the platform's support.")

/* ---- accounts of the portal ---- */
ERR_ITEM(ERR_NOT_LOGGED_IN, "not-logged-in", USER, 401,
    "尚未登录或登录已过期", "Nobody is logged in, or the session has ended",
    "请重新登录。", "Log in again.")
ERR_ITEM(ERR_ROLE, "role-refused", STOP, 403,
    "当前用户无权进行该操作", "This user's role does not allow it",
    "请使用有权限的账号登录。", "Log in as a user who may do this.")
ERR_ITEM(ERR_CSRF, "csrf", STOP, 403,
    "请求不是由本平台的页面发出的", "The request does not come from this platform's page",
    "请刷新页面后重试。", "Reload the page and try again.")
ERR_ITEM(ERR_LOGIN_FAILED, "login-failed", USER, 401,
    "用户名或密码错误，或账号已停用", "The user name or password is wrong, or the account is disabled",
    "请核对后重新输入；如忘记密码，请联系平台管理员。", "Check both and try again; if you forgot the password ask the platform's administrator.")
ERR_ITEM(ERR_LOGIN_LIMIT, "login-limit", RETRY, 429,
    "登录尝试次数过多", "Too many attempts to log in",
    "请稍后再试；如忘记密码，请联系平台管理员。", "Try again later; if you forgot the password ask the platform's administrator.")
ERR_ITEM(ERR_PASSWORD_WRONG, "password-wrong", USER, 409,
    "原密码错误", "The present password is wrong",
    "请重新输入原密码。", "Type the present password again.")
ERR_ITEM(ERR_PASSWORD_RULES, "password-rules", USER, 409,
    "新密码不符合要求", "The new password breaks a rule",
    "请使用10至128个字符，不要与用户名相同，也不要只重复一个字符。", "Use 10 to 128 characters, not the user name, and not one character again and again.")
ERR_ITEM(ERR_LAST_ADMINISTRATOR, "last-administrator", USER, 409,
    "不能停用最后一个管理员", "The last administrator can't be disabled",
    "请先添加另一个管理员。", "Add another administrator first.")

/* ---- the portal's own ---- */
ERR_ITEM(ERR_NO_SUCH_RECORD, "no-such-record", STOP, 404,
    "没有这条记录", "There is no such record",
    "请检查编号。", "Check the number.")
ERR_ITEM(ERR_RECORD_EXISTS, "record-exists", STOP, 409,
    "记录已存在", "The record exists already",
    "请检查编号。", "Check the number.")
ERR_ITEM(ERR_ORDER_STATE, "order-state", STOP, 409,
    "订单当前状态不允许该操作", "The order's state does not allow this",
    "请刷新页面查看订单状态。", "Reload the page and look at the order's state.")
ERR_ITEM(ERR_ORDER_UNPAID, "order-unpaid", USER, 409,
    "订单尚未支付", "The order is not paid yet",
    "请先点击“1.网上支付”，支付完成后点击“2.刷新支付状态”。", "Pay first (1.网上支付), then ask for the payment's state (2.刷新支付状态).")
ERR_ITEM(ERR_ORDER_PAID, "order-paid", STOP, 409,
    "订单已支付", "The order is paid already",
    "无需再次支付；已支付的订单不能修改延期续费时长。", "There is no need to pay again; the months of a paid order can't be changed.")
ERR_ITEM(ERR_ORDER_AMOUNT, "order-amount", STOP, 409,
    "支付金额与订单费用不一致", "The amount that was paid is not the order's fee",
    "请勿重复支付，并联系平台客服。", "Don't pay again; ask the platform's support.")
ERR_ITEM(ERR_ORDER_OPEN, "order-open", USER, 409,
    "该CA锁已有未办结的延期续费订单", "This key has a renewal order that is not finished",
    "请继续办理该订单，无需新增。", "Go on with that order instead of adding another.")
ERR_ITEM(ERR_ORDER_FINISHED, "order-finished", STOP, 409,
    "该订单的延期已经完成", "The renewal of this order is done",
    "如需再次延期，请新增延期续费订单。", "Add a new order if the key is to be renewed again.")
ERR_ITEM(ERR_ORDER_INVOICE, "invoice-incomplete", USER, 409,
    "开票信息不完整", "The invoice's data is not complete",
    "请填写发票抬头和纳税人识别号后再提交。", "Fill in the title and the tax number, then submit.")
ERR_ITEM(ERR_ATTACHMENT_TYPE, "attachment-type", USER, 415,
    "文件不是有效的 PDF、PNG 或 JPEG，或与其扩展名不符", "The file is not a sound PDF, PNG or JPEG, or not what its name says",
    "请重新扫描或另存为 PDF、PNG 或 JPEG 后再上传。", "Scan it again or save it anew as PDF, PNG or JPEG, then upload it.")
ERR_ITEM(ERR_ATTACHMENT_NAME, "attachment-name", USER, 400,
    "文件名不符合要求", "The file's name can't be used",
    "请换一个较短的文件名，不要含有路径和特殊符号。", "Choose a shorter name without path and special characters.")
ERR_ITEM(ERR_ATTACHMENT_LIMIT, "attachment-limit", USER, 409,
    "该订单的电子件数量已达上限", "The order has as many attachments as it can",
    "请先删除不需要的电子件。", "Delete one that is not needed first.")
ERR_ITEM(ERR_CURSOR, "cursor", STOP, 400,
    "翻页位置无效", "The place in the list is not valid",
    "请回到列表的第一页。", "Go back to the list's first page.")
ERR_ITEM(ERR_AUDIT, "audit-broken", STOP, 500,
    "审计记录不完整或被改动", "The audit trail was changed or has gaps",
    "请停止使用该平台数据库，并与备份比对。", "Stop using this database and compare it with a backup.")

/* ---- payment ---- */
ERR_ITEM(ERR_PAYMENT_OFF, "payment-off", STOP, 409,
    "平台没有开通网上支付", "This platform takes no online payments",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_PAYMENT_UNAVAILABLE, "payment-unavailable", RETRY, 503,
    "暂时无法连接支付服务", "The payment service can't be reached at the moment",
    "已支付的费用不会丢失，请稍后点击“刷新支付状态”。", "What was paid is not lost; click \"refresh the payment\" later.")
ERR_ITEM(ERR_PAYMENT_ANSWER, "payment-answer", STOP, 502,
    "支付服务的答复有误", "The payment service's answer is wrong",
    "请稍后点击“刷新支付状态”；如再次出现，请联系平台客服。", "Click \"refresh the payment\" later; if it happens again ask the platform's support.")
ERR_ITEM(ERR_PAYMENT_REFUSED, "payment-refused", STOP, 409,
    "支付服务拒绝了请求", "The payment service refused the request",
    "请联系平台客服。", "Ask the platform's support.")
ERR_ITEM(ERR_PAYMENT_SIGNATURE, "payment-signature", STOP, 403,
    "支付信息的签名、时间或接收方不正确", "The signature, time or recipient of a payment message is wrong",
    "请回到平台订单页面重新点击“网上支付”。", "Go back to the platform's order and click \"pay online\" again.")
ERR_ITEM(ERR_PAYMENT_CLOSED, "payment-closed", STOP, 409,
    "该笔支付已关闭", "This payment is closed",
    "请回到平台订单页面重新点击“网上支付”。", "Go back to the platform's order and click \"pay online\" again.")
/* clang-format on */
