package gateway

import "github.com/railgate/railgate/tokens"

// asked is what the head of a check asks for. It may be remembered as long as
// the connection: it follows from the head's bytes and the device table, and no
// device enters or leaves that table while the gateway runs. Whether the data is
// fresh, the code good and the pass revoked is asked for every request.
type asked struct {
	device *Device
	scope  tokens.Scope
}
