package c2s

import (
	"sync"
	"time"

	"salon.im/salon/auth"
	"salon.im/salon/config"
)

// throttle holds the delays of failed logins, made anew, and empty, when their settings change.
type throttle struct {
	mu  sync.Mutex // a leaf
	cfg throttleSettings
	t   *auth.Throttle
}

type throttleSettings struct {
	delay, most time.Duration
	failures    int
}

// get returns the throttle for the settings of the moment, nil if there are to be no delays.
func (t *throttle) get(cfg *config.Config) *auth.Throttle {
	if cfg.Auth.Delay == 0 {
		return nil
	}
	// A longer delay could not be sat out within the time of a login.
	s := throttleSettings{cfg.Auth.Delay, min(max(cfg.Auth.MaxDelay, cfg.Auth.Delay), cfg.Limits.LoginTime/2), cfg.Auth.FailuresPerAddress}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.t == nil || t.cfg != s {
		t.cfg = s
		t.t = auth.NewThrottle(auth.ThrottleConfig{BaseDelay: s.delay, MaxDelay: s.most, AddressFailures: s.failures})
	}
	return t.t
}
