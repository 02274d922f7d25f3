package top

import "strconv"

// Fault is an answer of the platform itself: an error_response, always sent
// with HTTP 200. Codes and texts are those of the platform's error table (doc
// 102707) and of answers captured from it; clients compare some of them letter
// by letter.
type Fault struct {
	Code    int    // number of the platform's table
	Msg     string // English, fixed per code
	SubCode string // "isv.…": fix and resend; "isp.…": send again; "" none
	SubMsg  string // for people; "" none
	// RetryAfter says after how many seconds a repeat has a chance; 0 says
	// nothing. It travels as a header, not in the body.
	RetryAfter int
}

func (f *Fault) Error() string {
	s := strconv.Itoa(f.Code) + " " + f.Msg
	if f.SubCode != "" {
		s += " [" + f.SubCode + "]"
	}
	if f.SubMsg != "" {
		s += ": " + f.SubMsg
	}
	return s
}

// UploadFailed is code 3: a file part could not be taken.
func UploadFailed() *Fault { return &Fault{Code: 3, Msg: "Upload Fail"} }

// Scope says whose calls a flow limit counts; it is the middle of the sub code
// of fault 7.
type Scope string

// The scopes that the platform documents.
const (
	ScopeAPI     Scope = "api"     // one method, all apps
	ScopeApp     Scope = "app"     // one app, all methods
	ScopeAppAPI  Scope = "app-api" // one app, one method
	ScopeDynamic Scope = "dynamic" // the platform defends itself
)

// UserCallLimited is code 4: one user's calls, banned for the given seconds.
func UserCallLimited(seconds int) *Fault { return limited(4, "User Call Limited", "", seconds) }

// SessionCallLimited is code 5: one session's calls, banned for the given
// seconds.
func SessionCallLimited(seconds int) *Fault { return limited(5, "Session Call Limited", "", seconds) }

// AppCallLimited is code 7 for an app whose calls of all methods are over the
// limit, banned for the given seconds.
func AppCallLimited(seconds int) *Fault { return CallLimited(ScopeApp, seconds) }

// CallLimited is code 7 for any scope, banned for the given seconds.
func CallLimited(scope Scope, seconds int) *Fault {
	return limited(7, "App Call Limited", "accesscontrol.limited-by-"+string(scope)+"-access-count", seconds)
}

// limited holds the sentence that clients cut the number out of, or compare as
// a whole: whole seconds, at least one, not a letter different.
func limited(code int, msg, subCode string, seconds int) *Fault {
	seconds = max(seconds, 1)
	return &Fault{
		Code: code, Msg: msg, SubCode: subCode, RetryAfter: seconds,
		SubMsg: "This ban will last for " + strconv.Itoa(seconds) + " more seconds",
	}
}

// HTTPActionNotAllowed is code 9: the verb is neither GET nor POST, or not one
// of this method.
func HTTPActionNotAllowed() *Fault { return &Fault{Code: 9, Msg: "Http Action Not Allowed"} }

// ServiceUnavailable is code 10: the platform, not the backend, cannot answer.
func ServiceUnavailable() *Fault { return &Fault{Code: 10, Msg: "Service Currently Unavailable"} }

// InsufficientPermission is code 11: the app may not call this. Sub codes are
// isv.permission-….
func InsufficientPermission(subCode, subMsg string) *Fault {
	return &Fault{Code: 11, Msg: "Insufficient isv permissions", SubCode: subCode, SubMsg: subMsg}
}

// InsufficientUserPermission is code 12: the user or sub-account may not.
func InsufficientUserPermission(subCode, subMsg string) *Fault {
	return &Fault{Code: 12, Msg: "Insufficient User Permissions", SubCode: subCode, SubMsg: subMsg}
}

// Busy is code 15 with an isp. sub code (isp.system-busy,
// isp.request-in-progress, isp.service-error…): the same request may be sent
// again, after retryAfter seconds if that is not 0.
func Busy(subCode, subMsg string, retryAfter int) *Fault {
	return &Fault{Code: 15, Msg: "Remote service error", SubCode: subCode, SubMsg: subMsg, RetryAfter: retryAfter}
}

// MissingMethod is code 21. Its sub message comes without a sub code, as
// captured.
func MissingMethod() *Fault {
	return &Fault{Code: 21, Msg: "Missing method", SubMsg: "http传入的参数加入method字段"}
}

// InvalidMethod is code 22: there is no such method.
func InvalidMethod(name string) *Fault {
	return &Fault{Code: 22, Msg: "Invalid method", SubMsg: "不合法ApiName，ApiName = " + name}
}

// InvalidFormat is code 23; the answer itself is XML, the default.
func InvalidFormat() *Fault { return &Fault{Code: 23, Msg: "Invalid format"} }

// MissingSignature is code 24.
func MissingSignature() *Fault { return &Fault{Code: 24, Msg: "Missing signature"} }

// InvalidSignature is code 25. Why it is wrong is not said: that would help to
// forge. Only the sign method is worth a hint.
func InvalidSignature() *Fault { return &Fault{Code: 25, Msg: "Invalid signature"} }

// MissingSession is code 26: the method needs a session.
func MissingSession() *Fault { return &Fault{Code: 26, Msg: "Missing session"} }

// InvalidSession is code 27. Known sub codes: invalid-sessionkey,
// session-expired, session-not-exist, session-is-blank,
// sessionkey-not-generated-by-server.
func InvalidSession(subCode, subMsg string) *Fault {
	return &Fault{Code: 27, Msg: "Invalid session", SubCode: subCode, SubMsg: subMsg}
}

// MissingAppKey is code 28.
func MissingAppKey() *Fault { return &Fault{Code: 28, Msg: "Missing app key"} }

// InvalidAppKey is code 29: unknown or disabled. The capital K is the
// platform's.
func InvalidAppKey() *Fault {
	return &Fault{Code: 29, Msg: "Invalid app Key", SubCode: "isv.appkey-not-exists"}
}

// MissingTimestamp is code 30.
func MissingTimestamp() *Fault { return &Fault{Code: 30, Msg: "Missing timestamp"} }

// InvalidTimestamp is code 31: malformed, or more than ten minutes off. The
// gateway adds how far.
func InvalidTimestamp() *Fault { return &Fault{Code: 31, Msg: "Invalid timestamp"} }

// MissingVersion is code 32.
func MissingVersion() *Fault { return &Fault{Code: 32, Msg: "Missing version"} }

// InvalidVersion is code 33: v is no version at all.
func InvalidVersion() *Fault { return &Fault{Code: 33, Msg: "Invalid version"} }

// UnsupportedVersion is code 34: v is a version, but not 2.0.
func UnsupportedVersion() *Fault { return &Fault{Code: 34, Msg: "Unsupported version"} }

// MissingArgument is code 40: a parameter at the top level is not there.
// Members inside a parameter are MissingField.
func MissingArgument(name string) *Fault {
	return &Fault{Code: 40, Msg: "Missing required arguments:" + name}
}

// InvalidArgument is code 41: a parameter at the top level has the wrong form,
// or came twice with different values.
func InvalidArgument(name string) *Fault {
	return &Fault{Code: 41, Msg: "Invalid arguments:" + name}
}

// InsufficientSessionPermission is code 42: the session does not cover the
// method.
func InsufficientSessionPermission() *Fault {
	return &Fault{Code: 42, Msg: "Insufficient session permissions"}
}

// ParameterError is code 43: the parameters as a whole cannot be read, so that
// no one of them can be named.
func ParameterError(subMsg string) *Fault {
	return &Fault{Code: 43, Msg: "Parameter Error", SubMsg: subMsg}
}

// InvalidAccessToken is code 44: the unsigned access_token mode.
func InvalidAccessToken() *Fault { return &Fault{Code: 44, Msg: "Invalid access token"} }

// InvalidEncoding is code 47: a parameter is not UTF-8.
func InvalidEncoding() *Fault { return &Fault{Code: 47, Msg: "Invalid encoding"} }

// MissingField is code 50 for a member inside a parameter that is not there;
// path as in "param_create_reverse_req.operator.operator_type". The sub message
// begins with 非法参数, the whole text of the published samples.
func MissingField(path, remedy string) *Fault {
	return &Fault{Code: 50, Msg: "Remote service error", SubCode: "isv.missing-parameter", SubMsg: illegal(path, remedy)}
}

// InvalidField is code 50 for a member inside a parameter that has the wrong
// type, is out of range or holds an unknown value.
func InvalidField(path, remedy string) *Fault {
	return &Fault{Code: 50, Msg: "Remote service error", SubCode: "isv.invalid-parameter", SubMsg: illegal(path, remedy)}
}

func illegal(path, remedy string) string {
	s := "非法参数"
	if path != "" {
		s += " " + path
	}
	if remedy != "" {
		s += "：" + remedy
	}
	return s
}

// InsufficientSecurityLevel is code 53: the session's level is too low or has
// run out.
func InsufficientSecurityLevel() *Fault {
	return &Fault{Code: 53, Msg: "Insufficient security level"}
}
