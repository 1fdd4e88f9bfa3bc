package auth

import "context"

// The tests of published vectors need a known salt and nonce, those of the pool a job of their own.

var (
	DeriveSalted    = derive
	PreparePassword = preparePassword
	DowngradeHash   = downgradeHash
)

const MaxQueued = maxQueued

func (p *Params) SetNonce(nonce string) { p.nonce = func() string { return nonce } }

func (p *Pool) Run(ctx context.Context, f func()) error { return p.run(ctx, f) }
