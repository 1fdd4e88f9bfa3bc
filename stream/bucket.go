package stream

import "time"

// Bucket is a token bucket that a single reader draws from: rate tokens a second, at most burst saved up.
type Bucket struct {
	rate, burst float64
	tokens      float64
	last        time.Time
	now         func() time.Time
}

// NewBucket returns a full bucket, or nil when rate is 0: no limit.
func NewBucket(rate, burst int) *Bucket {
	if rate <= 0 {
		return nil
	}
	return &Bucket{rate: float64(rate), burst: float64(max(burst, 1)), tokens: float64(max(burst, 1)), last: time.Now(), now: time.Now}
}

// Take draws n tokens and returns how long the caller must wait before it goes on. The debt of one draw is paid by waiting,
// so a stanza larger than the burst passes, late.
func (b *Bucket) Take(n int) time.Duration {
	t := b.now()
	b.tokens = min(b.burst, b.tokens+t.Sub(b.last).Seconds()*b.rate) - float64(n)
	b.last = t
	if b.tokens >= 0 {
		return 0
	}
	return time.Duration(-b.tokens / b.rate * float64(time.Second))
}
