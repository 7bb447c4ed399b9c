package revocation

// SetMostClosed lowers MaxClosedSessions for a replica.
func SetMostClosed(r *Replica, most int) { r.closed.most = most }

// SliceSpan, ShownFor and MaxOpen are constants of the set of closed sessions.
const (
	SliceSpan = sliceSpan
	ShownFor  = shownFor
	MaxOpen   = maxOpen
)
