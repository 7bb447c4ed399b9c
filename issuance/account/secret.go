package account

import "github.com/railgate/railgate/issuance/internal/ids"

// Prefixes say what an id or a secret is for.
const (
	accountPrefix = "acc_"
	loginPrefix   = "log_"
	codePrefix    = "pcd_" // of a code that was sent, and so of a recovery
	TokenPrefix   = "rgl_" // of a login token: tells it from an access token
)

// tokenHash is how a login token is kept.
func tokenHash(token string) []byte {
	h := ids.Hash(token)
	return h[:]
}
