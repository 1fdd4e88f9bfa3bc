package config_test

import (
	"math"
	"testing"

	"salon.im/salon/config"
)

func TestSize(t *testing.T) {
	for i, test := range []struct {
		text string
		size config.Size
		ok   bool
		back string // if other than text
	}{
		0:  {text: "0", size: 0, ok: true},
		1:  {text: "1023", size: 1023, ok: true},
		2:  {text: "1024", size: config.KiB, ok: true, back: "1KiB"},
		3:  {text: "256KiB", size: 256 << 10, ok: true},
		4:  {text: "1MiB", size: config.MiB, ok: true},
		5:  {text: "1024MiB", size: config.GiB, ok: true, back: "1GiB"},
		6:  {text: "7 GiB", size: 7 << 30, ok: true, back: "7GiB"},
		7:  {text: "5B", size: 5, ok: true, back: "5"},
		8:  {text: "9223372036854775807", size: math.MaxInt64, ok: true},
		9:  {text: "9223372036854775808"},
		10: {text: "8589934591GiB", size: 8589934591 << 30, ok: true},
		11: {text: "8589934592GiB"},
		12: {text: "-1"},
		13: {text: "-1KiB"},
		14: {text: "1.5MiB"},
		15: {text: "1MB"},
		16: {text: "1k"},
		17: {text: "KiB"},
		18: {text: ""},
		19: {text: "1_000"},
	} {
		got, err := config.ParseSize(test.text)
		if got != test.size || (err == nil) != test.ok {
			t.Errorf("%d: %q: got %d, %v", i, test.text, got, err)
		}
		if test.back == "" {
			test.back = test.text
		}
		if test.ok && got.String() != test.back {
			t.Errorf("%d: %q: printed %s", i, test.text, got)
		}
	}
}
