package telemetry

import (
	"context"
	"io"
	"log/slog"
)

// NewLogger writes one JSON object a line. Lines logged with a context that WithRequest made carry its request_id, and mobile
// numbers in any text are masked.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(requestHandler{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: maskAttr})})
}

// RequestKey is the name of the request id in logs, the same as in answers.
const RequestKey = "request_id"

type requestID struct{}

// WithRequest puts the id of a call into the context of its work.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestID{}, id)
}

// Request is the id of the call that ctx belongs to, "" if none.
func Request(ctx context.Context) string {
	id, _ := ctx.Value(requestID{}).(string)
	return id
}

// requestHandler adds the request_id to every line of a call.
type requestHandler struct{ slog.Handler }

func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := Request(ctx); id != "" {
		r.AddAttrs(slog.String(RequestKey, id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}

// maskAttr masks texts and errors; numbers of ours never look like mobiles.
func maskAttr(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value; v.Kind() {
	case slog.KindString:
		if s := v.String(); mobileAt(s, 0) >= 0 {
			a.Value = slog.StringValue(MaskMobiles(s))
		}
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			a.Value = slog.StringValue(MaskMobiles(err.Error()))
		}
	}
	return a
}

// mobileDigits is the length of a Chinese mobile number, which begins with 1 and a digit of at least 3.
const mobileDigits = 11

// MaskMobiles hides the middle of every mobile number in a text: 18651822226 becomes 186****2226. Longer runs of digits are no
// mobiles and stay.
func MaskMobiles(s string) string {
	at := mobileAt(s, 0)
	if at < 0 {
		return s
	}
	b := []byte(s)
	for ; at >= 0; at = mobileAt(s, at+mobileDigits) {
		copy(b[at+3:at+7], "****")
	}
	return string(b)
}

// mobileAt finds the first mobile number that begins at from or later, -1 if there is none.
func mobileAt(s string, from int) int {
	for i := from; i < len(s); {
		start := i
		for i < len(s) && '0' <= s[i] && s[i] <= '9' {
			i++
		}
		if i-start == mobileDigits && s[start] == '1' && s[start+1] >= '3' {
			return start
		}
		if i == start {
			i++
		}
	}
	return -1
}
