package revocation

// SetMostClosed lowers MaxClosedSessions for a replica.
func SetMostClosed(r *Replica, most int) { r.closed.most = most }

// SetMostGateways lowers MaxGateways for a replica.
func SetMostGateways(r *Replica, most int) { r.gateways.most = most }

// SetMostForgiven lowers MaxForgiven for a replica.
func SetMostForgiven(r *Replica, most int) { r.forgiven.most = most }

// SliceSpan, ShownFor and MaxOpen are constants of the set of closed sessions.
const (
	SliceSpan = sliceSpan
	ShownFor  = shownFor
	MaxOpen   = maxOpen
)
