package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes. It is written as a bare integer (bytes) or with a unit: 256KiB, 1MiB, 2GiB.
type Size int64

// The units of [Size].
const (
	KiB Size = 1 << 10
	MiB Size = 1 << 20
	GiB Size = 1 << 30
)

var sizeUnits = []struct {
	name string
	size Size
}{{"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}, {"B", 1}}

var errSize = errors.New("want a size such as 65536, 256KiB, 1MiB or 2GiB")

// ParseSize reads a size. It returns an error for a fraction, an unknown unit, a negative value and one over 2^63-1.
func ParseSize(s string) (Size, error) {
	number, unit := s, Size(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(s, u.name); ok {
			number, unit = strings.TrimSpace(rest), u.size
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w, not %s", errSize, quote(s))
	}
	if n < 0 {
		return 0, fmt.Errorf("want a size that is not negative, not %s", quote(s))
	}
	if n > math.MaxInt64/int64(unit) {
		return 0, fmt.Errorf("%s is too large for a size", quote(s))
	}
	return Size(n) * unit, nil
}

// String writes the size in the largest unit that divides it; bytes have none. [ParseSize] reads it back.
func (s Size) String() string {
	for _, u := range sizeUnits[:3] {
		if s > 0 && s%u.size == 0 {
			return strconv.FormatInt(int64(s/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}
