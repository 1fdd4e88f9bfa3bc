package auth

// The tests of published vectors need a known salt and nonce.

var (
	DeriveSalted    = derive
	PreparePassword = preparePassword
	DowngradeHash   = downgradeHash
)

const MaxQueued = maxQueued

func (p *Params) SetNonce(nonce string) { p.nonce = func() string { return nonce } }
