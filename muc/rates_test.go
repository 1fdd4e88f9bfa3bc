package muc_test

import (
	"testing"

	"salon.im/salon/muc"
)

// What is remembered of accounts is bounded, and who has just done something is remembered at the bound as well.
func TestRatesBound(t *testing.T) {
	for _, n := range []int{muc.MaxRates, muc.MaxRates + 100} {
		if kept, refused := muc.Rates(n); kept != muc.MaxRates || !refused {
			t.Errorf("%d: kept %d, refused %v", n, kept, refused)
		}
	}
}
