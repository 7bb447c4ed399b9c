package revocation

import "crypto/sha256"

// Domain is the subject of a stream: one topic has one domain. Batches of all domains have the same envelope,
// numbering and authority; the magic at their start keeps a batch of one domain out of the topic of another.
type Domain uint8

// The domains.
const (
	Control  Domain = iota // keys, revocations and what staff allow; topic railgate.control
	Bookings               // tickets that were booked, changed or cancelled; topic railgate.bookings
)

// domains lists what differs between domains: the family, to which the byte of the version is added, and the
// bound on records per batch, which keeps the longest batch within [MaxBatch].
var domains = [...]struct {
	family     string
	maxRecords int
}{Control: {"RGC", MaxRecords}, Bookings: {"RGB", MaxBookings}}

// version is the version of batches of every domain.
const version = '1'

// familySize is the length of a family, bytes; the byte of the version follows it.
const familySize = 3

// MaxRecords returns the most records in one batch of the domain.
func (d Domain) MaxRecords() int { return domains[d].maxRecords }

// knows reports whether records of the kind belong to the domain. In another domain they are records of an
// unknown kind, which are skipped and counted.
func (d Domain) knows(k Kind) bool { return k.known() && (k == KindBooking) == (d == Bookings) }

// In returns the same authority for another domain. It verifies batches of that domain only.
func (a *Authority) In(d Domain) *Authority {
	other := *a
	other.domain = d
	return &other
}

// Station identifies a station on the wire: the first 8 bytes of SHA-256("railgate/station/v1" ‖ name), with
// the name in UTF-8 as ticketing system and settings spell it. The zero value is no station, or all of them.
type Station [8]byte

// StationOf returns the station of a name.
func StationOf(name string) Station {
	sum := sha256.Sum256([]byte("railgate/station/v1" + name))
	return Station(sum[:8])
}

// GatewayID is the number of a gateway whose key the authority announced. An id is never used for a second
// gateway.
type GatewayID uint16
