package revocation

// SetMostClosed lowers MaxClosedSessions for a replica.
func SetMostClosed(r *Replica, most int) { r.closed.most = most }

// SliceSpan and ShownFor are the set of closed sessions' own.
const (
	SliceSpan = sliceSpan
	ShownFor  = shownFor
	MaxOpen   = maxOpen
)
