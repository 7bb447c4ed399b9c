package tokens

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// KeyID numbers an issuer's signing key. An id is bound to one key for ever.
type KeyID uint16

// Subject is a passenger's pseudonym: a keyed hash under a key of the issue
// day, so two days' codes of one person cannot be linked without that key.
type Subject [8]byte

func (s Subject) String() string { return hex.EncodeToString(s[:]) }

// Serial numbers a credential: the railway day of its approval and its index
// among those of the day. Dense indexes are what makes revocation one bit.
type Serial struct {
	Day   uint16 // days since 1970-01-01, Beijing time
	Index uint32
}

// beijing is the offset of Asia/Shanghai, seconds; it has had no other since 1991.
const beijing = 8 * 60 * 60

// DayOf is the railway day of a Unix time in seconds: days since 1970-01-01 in
// Beijing time. Negative times have negative days.
func DayOf(unix int64) int64 {
	d := (unix + beijing) / 86400
	if (unix+beijing)%86400 < 0 {
		d--
	}
	return d
}

// DayStart is the first second of a railway day, Unix time.
func DayStart(day int64) int64 { return day*86400 - beijing }

// DayOver is a second at which every credential approved on the day has
// expired, Unix time. Parse refuses codes for which that is not so.
func DayOver(day uint16) int64 { return DayStart(int64(day)+1) + CredentialLife }

// String writes the serial as day-index, both decimal: "20778-1042".
func (s Serial) String() string {
	return strconv.FormatUint(uint64(s.Day), 10) + "-" + strconv.FormatUint(uint64(s.Index), 10)
}

// ParseSerial reads what String writes, and only that spelling.
func ParseSerial(text string) (Serial, error) {
	day, index, ok := strings.Cut(text, "-")
	d, err1 := strconv.ParseUint(day, 10, 16)
	i, err2 := strconv.ParseUint(index, 10, 32)
	s := Serial{Day: uint16(d), Index: uint32(i)}
	if !ok || err1 != nil || err2 != nil || s.String() != text {
		return Serial{}, fmt.Errorf("tokens: a serial is written DAY-INDEX, both decimal")
	}
	return s, nil
}
