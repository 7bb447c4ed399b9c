package credential

import (
	"crypto/rand"

	"github.com/railgate/railgate/tokens"
)

// Prefixes say what an id or a secret is for.
const (
	applicationPrefix = "app_"
	checkPrefix       = "chk_"
	sessionPrefix     = "ses_"
	accessPrefix      = "rga_"
	paperProofPrefix  = "ppr_"
)

// newSeed is the secret end of a hosted session's chain.
func newSeed() (seed tokens.Link) {
	rand.Read(seed[:])
	return seed
}
