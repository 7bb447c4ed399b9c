package booking

import (
	"encoding/binary"

	"github.com/railgate/railgate/revocation"
)

// The topic of bookings, as issuers and gateways have it by default.
const (
	DefaultTopic = "railgate.bookings"
	// DefaultPartitions is our choice: a partition for each hundred of 3,000 stations would cost more in heartbeats
	// than it saves; twelve keep a station's gateway from reading more than a tenth of them.
	DefaultPartitions = 12
)

// Partition returns the partition of the bookings topic that contains the bookings from and to a station. Issuer
// and gateways compute it alike: a gateway of one station needs this partition only. A booking is in the partitions
// of both its stations. partitions is the topic's number of partitions, above 0; it is fixed for its lifetime.
func Partition(station revocation.Station, partitions int) int {
	return int(binary.BigEndian.Uint32(station[:]) % uint32(partitions))
}
