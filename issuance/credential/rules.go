package credential

import (
	"time"

	"github.com/railgate/railgate/issuance/identity"
)

// The numbers of the rules on temporary IDs, each in this one place.
const (
	// ApplicationsPerMonth is rule A7: approvals of one person in a calendar month,
	// Beijing time.
	ApplicationsPerMonth = 3
	// Renewal is rule A9: how long before its end a credential may be renewed.
	Renewal = 3 * time.Hour
	// CheckLife is how long a passed check may wait for its session. Ours: long
	// enough for a slow network, too short to hand the phone to somebody else.
	CheckLife = 2 * time.Minute
	// ApplicationLife is how long an application waits for its decision. Ours: a
	// form that was left open for a day is not this journey's any more.
	ApplicationLife = 24 * time.Hour
	// UncheckedLife is how long an application is kept that no check has seen: it has
	// expired for a day, and anybody can make any number of them. Our choice.
	UncheckedLife = 48 * time.Hour
	// RecordLife is rule A13's "last month": so long an application is listed, then
	// it is erased. Ours: 31 days from when it was handed in.
	RecordLife = 31 * 24 * time.Hour
)

// month is the calendar month of a quota: year * 100 + month, Beijing time.
func month(t time.Time) int {
	b := t.In(identity.Beijing)
	return b.Year()*100 + int(b.Month())
}

// nextMonth is when the next calendar month begins.
func nextMonth(t time.Time) time.Time {
	b := t.In(identity.Beijing)
	return time.Date(b.Year(), b.Month()+1, 1, 0, 0, 0, 0, identity.Beijing)
}
