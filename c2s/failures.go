package c2s

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"salon.im/salon/auth"
	"salon.im/salon/storage"
)

// conditions are the reasons for which logins fail, as /metrics lists them (RFC 6120 §6.5).
var conditions = [...]auth.Condition{auth.Aborted, auth.AccountDisabled, auth.CredentialsExpired, auth.EncryptionRequired, auth.IncorrectEncoding,
	auth.InvalidAuthzid, auth.InvalidMechanism, auth.MalformedRequest, auth.MechanismTooWeak, auth.NotAuthorized, auth.TemporaryAuthFailure}

// AuthFailures counts failed logins by their condition.
type AuthFailures [len(conditions)]atomic.Int64

// Each calls f for every condition, failed for or not.
func (a *AuthFailures) Each(f func(reason string, count *atomic.Int64)) {
	for i, c := range conditions {
		f(string(c), &a[i])
	}
}

func (s *Stats) failed(c auth.Condition) {
	if i := slices.Index(conditions[:], c); i >= 0 {
		s.AuthFailures[i].Add(1)
	}
}

const (
	// failureLines is how many failed logins are logged within failureWindow: guesses must not fill the disk.
	failureLines  = 50
	failureWindow = 10 * time.Second
)

// failureLog bounds the lines about failed logins. mu is a leaf.
type failureLog struct {
	mu     sync.Mutex
	since  time.Time
	lines  int
	silent int // not logged since
}

// admit reports whether a line may be logged now, and how many were not before it.
func (l *failureLog) admit(now time.Time) (silent int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.since) >= failureWindow {
		l.since, l.lines = now, 0
	}
	if l.lines == failureLines {
		l.silent++
		return 0, false
	}
	l.lines++
	silent, l.silent = l.silent, 0
	return silent, true
}

// logFailure logs what is our fault as an error (that storage is away was said once already), a login that was refused for an administrator who looks for guesses, and
// what a client cannot do or gives up for the curious. The password is in none of it.
func (n *negotiation) logFailure(f *auth.Failure) {
	level, cause := slog.LevelInfo, errors.Unwrap(f)
	peers := errors.Is(cause, auth.ErrThrottled) || errors.Is(cause, auth.ErrBusy) || errors.Is(cause, storage.ErrAway) ||
		errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded)
	switch {
	case f.Condition == auth.TemporaryAuthFailure && !peers:
		level = slog.LevelError
	case f.Misfit, f.Condition == auth.Aborted:
		level = slog.LevelDebug
	}
	silent := 0
	if level == slog.LevelInfo {
		var ok bool
		if silent, ok = n.s.failures.admit(time.Now()); !ok {
			return
		}
	}
	attrs := []slog.Attr{slog.String("account", n.exchange().Tried()+"@"+n.host), slog.String("addr", n.c.RemoteAddr().String()),
		slog.String("mechanism", mechanismName(n.mechanism)), slog.String("reason", string(f.Condition))}
	if cause != nil {
		attrs = append(attrs, slog.Any("err", cause))
	}
	if silent > 0 {
		attrs = append(attrs, slog.Int("more_not_logged", silent))
	}
	n.s.o.Log.LogAttrs(n.ctx, level, "login failed", attrs...)
}

// mechanismName keeps what a stranger calls a mechanism out of the log, unless it is one (RFC 4422 §3.1: 1 to 20 of A-Z, 0-9, -
// and _).
func mechanismName(name string) string {
	if len(name) > 20 || slices.ContainsFunc([]byte(name), func(c byte) bool {
		return (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	}) {
		return "unknown"
	}
	return name
}
