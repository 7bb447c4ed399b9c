package tokens

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

// KeyID is the number of an issuer key. An id is never used for a second key.
type KeyID uint16

// Subject is a person's pseudonym for one day: a keyed hash of the document under
// a key of that day. Codes of two days cannot be linked without the key.
type Subject [8]byte

func (s Subject) String() string { return hex.EncodeToString(s[:]) }

// Serial is the number of a credential: the railway day of its approval and its
// index among the credentials of the day. Dense indexes allow one bit per revocation.
type Serial struct {
	Day   uint16 // days since 1970-01-01, Beijing time
	Index uint32
}

// beijing is the UTC offset of Asia/Shanghai in seconds, unchanged since 1991.
const beijing = 8 * 60 * 60

// DayOf returns the railway day of a Unix time in seconds: days since 1970-01-01 in
// Beijing time. The day of a negative time may be negative.
func DayOf(unix int64) int64 {
	d := (unix + beijing) / 86400
	if (unix+beijing)%86400 < 0 {
		d--
	}
	return d
}

// DayStart returns the first second of a railway day, Unix time.
func DayStart(day int64) int64 { return day*86400 - beijing }

// DayOver returns a time, Unix seconds, at which every credential approved on the
// day has expired. [Token.Parse] refuses codes that expire later.
func DayOver(day uint16) int64 { return DayStart(int64(day)+1) + CredentialLife }

// String formats the serial as day-index, both decimal: "20778-1042".
func (s Serial) String() string {
	return strconv.FormatUint(uint64(s.Day), 10) + "-" + strconv.FormatUint(uint64(s.Index), 10)
}

var errSerial = errors.New("tokens: a serial has the form DAY-INDEX, both decimal without leading zeros")

// ParseSerial parses the output of [Serial.String] and no other spelling. It does not allocate.
func ParseSerial(text string) (Serial, error) {
	day, index, ok := strings.Cut(text, "-")
	d, dayOK := parseDecimal(day, 1<<16-1)
	i, indexOK := parseDecimal(index, 1<<32-1)
	if !ok || !dayOK || !indexOK {
		return Serial{}, errSerial
	}
	return Serial{Day: uint16(d), Index: uint32(i)}, nil
}

// parseDecimal parses digits without leading zeros, at most most.
func parseDecimal(text string, most uint64) (n uint64, ok bool) {
	if text == "" || len(text) > 10 || len(text) > 1 && text[0] == '0' {
		return 0, false
	}
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, n <= most
}
