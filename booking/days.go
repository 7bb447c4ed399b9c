package booking

import "github.com/railgate/railgate/tokens"

const (
	// Grace is how long after the booked arrival a ticket is still held, seconds. Our choice: trains are late, by
	// a day at most, and people stay on the platform.
	Grace = 24 * 3600
	// Boards is how long before departure a ticket is held on board its train, seconds. Our choice: conductors
	// check while people board, and no train boards earlier.
	Boards = 2 * 3600
	// MaxOpens is the longest time before departure at which a gate can admit, seconds. No gateway accepts a longer
	// setting, so an issuer that publishes for MaxOpens publishes for every gateway.
	MaxOpens = 24 * 3600
)

// Days returns the first and last railway day on which a credential can have been issued that is valid at some scan
// of the journey. The issuer publishes a booking under the person's pseudonym of each of these days. opens is the
// longest time before departure at which a gate of the railway admits, seconds.
//
// The argument: a ticket is held at a scan at second s only if
//
//	departs - max(opens, Boards) <= s <= arrives + Grace
//
// by [Table.Look]. The checker admits a credential approved at second a only if
//
//	a - tokens.Ahead <= s < a + tokens.CredentialLife
//
// by the same s: it refuses sessions that start later than s + Ahead, and none starts before the approval. Together,
//
//	departs - max(opens, Boards) - CredentialLife < a <= arrives + Grace + Ahead
//
// The pseudonym of a code is that of the railway day of a, and days grow with seconds. The clocks of issuer and gate
// need not agree: a is in the code, and s is the same number in both conditions. Both bounds are reached, so no
// shorter range would do. A credential from before the first day can be scanned only before the ticket opens; the
// gate then answers [None] instead of [Early].
//
// A booking of a day trip has three days: the day before, the day itself and, for late trains, the day after.
// Days are limited to 1 to 65535.
func Days(departs, arrives, opens int64) (first, last uint16) {
	from := departs - max(opens, Boards) - tokens.CredentialLife + 1
	until := arrives + Grace + tokens.Ahead
	return limitDay(tokens.DayOf(from)), limitDay(tokens.DayOf(until))
}

func limitDay(day int64) uint16 { return uint16(min(max(day, 1), 1<<16-1)) }
