package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Keep is how long something is kept. It is written as forever, or as a duration that may be in days, weeks or years:
// 36h, 90d, 2w, 1y. A day has 24 hours, a year 365 days.
type Keep time.Duration

// Forever is the Keep that has no end. It is the greatest, so that the least of several is what holds.
const Forever Keep = math.MaxInt64

// day is the unit that calendars begin with.
const day = 24 * time.Hour

// keepUnits are the units beside those of time.ParseDuration, the greatest first.
var keepUnits = []struct {
	name string
	keep Keep
}{{"y", Keep(365 * day)}, {"w", Keep(7 * day)}, {"d", Keep(day)}}

var errKeep = errors.New("want forever, or a duration such as 90d, 2w, 1y or 36h")

// ParseKeep reads a Keep. It returns an error for nothing, a number without a unit, and one of over 292 years.
func ParseKeep(s string) (Keep, error) {
	if s == "forever" {
		return Forever, nil
	}
	for _, u := range keepUnits {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 63)
		switch {
		case errors.Is(err, strconv.ErrRange) || err == nil && n > uint64(Forever/u.keep):
			return 0, fmt.Errorf("%s is too long; write forever", quote(s))
		case err != nil || n == 0:
			return 0, fmt.Errorf("%w, not %s", errKeep, quote(s))
		}
		return Keep(n) * u.keep, nil
	}
	switch d, err := time.ParseDuration(s); {
	case err == nil && d > 0:
		return Keep(d), nil
	case strings.Trim(s, "0123456789.") == "" && strings.Trim(s, "0.") != "":
		return 0, fmt.Errorf("a duration needs its unit: write %sd for days, or another of h, w, y", short(s))
	}
	return 0, fmt.Errorf("%w, not %s", errKeep, quote(s))
}

// String writes the Keep in the largest unit that divides it. [ParseKeep] reads it back.
func (k Keep) String() string {
	if k == Forever {
		return "forever"
	}
	for _, u := range keepUnits {
		if k > 0 && k%u.keep == 0 {
			return strconv.FormatInt(int64(k/u.keep), 10) + u.name
		}
	}
	return showDuration(time.Duration(k))
}

// Hours writes the Keep in whole hours, at least as many, or as infinite: the words of XEP-0504 §3.3.
func (k Keep) Hours() string {
	if k == Forever {
		return "infinite"
	}
	return strconv.FormatInt(int64((time.Duration(k)-1)/time.Hour)+1, 10)
}

// Since returns the moment before which nothing is kept at now; the zero time for Forever.
func (k Keep) Since(now time.Time) time.Time {
	if k == Forever {
		return time.Time{}
	}
	return now.Add(-time.Duration(k))
}
