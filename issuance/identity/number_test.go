package identity

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// classes are the error names in testdata/numbers.txt.
var classes = map[string]error{
	"ok": nil, "form": ErrNumberForm, "first_generation": ErrFirstGeneration, "region": ErrNumberRegion,
	"birth": ErrNumberBirth, "check": ErrNumberCheck, "passport": ErrPassportNumber,
	"hk_macau": ErrHKMacauNumber, "taiwan": ErrTaiwanNumber,
}

type numberVector struct {
	document DocumentType
	number   string
	want     error
}

func numberVectors(t testing.TB) (vectors []numberVector) {
	t.Helper()
	f, err := os.Open("testdata/numbers.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) != 3 {
			t.Fatalf("%d fields in %q", len(fields), line)
		}
		document, err := ParseKnown(fields[0])
		if err != nil {
			t.Fatal(err)
		}
		want, known := classes[fields[2]]
		if !known {
			t.Fatalf("unknown class %q", fields[2])
		}
		vectors = append(vectors, numberVector{document, strings.TrimPrefix(fields[1], "-"), want})
	}
	if lines.Err() != nil || len(vectors) < 40 {
		t.Fatalf("%d vectors: %v", len(vectors), lines.Err())
	}
	return vectors
}

func TestNumberVectors(t *testing.T) {
	for _, v := range numberVectors(t) {
		if err := CheckNumberOf(v.document, v.number, now); !errors.Is(err, v.want) {
			t.Errorf("%v %q: %v, want %v", v.document, v.number, err, v.want)
		}
		if err := CheckNumberOf(v.document+200, v.number, now); !errors.Is(err, ErrDocumentUnknown) {
			t.Errorf("unknown type: %v", err)
		}
	}
}

// No other character is changed.
func TestG20_LowerCaseXIsReadAsX(t *testing.T) {
	for entered, want := range map[string]string{
		"11010519491231002x": "11010519491231002X", "11010519491231002X": "11010519491231002X", "110105199003074616": "110105199003074616",
	} {
		if got, err := ReadNumber(ResidentID, entered, now); got != want || err != nil {
			t.Errorf("%s is read as %q: %v", entered, got, err)
		}
	}
	for entered, want := range map[string]error{
		"11010519900307461x": ErrNumberCheck, "1101051949123100xx": ErrNumberForm, "11010549123100x": ErrNumberForm,
		"110105491231002": ErrFirstGeneration, "11010519491231002ｘ": ErrNumberForm,
	} {
		if got, err := ReadNumber(ResidentID, entered, now); got != "" || !errors.Is(err, want) {
			t.Errorf("%s is read as %q: %v, want %v", entered, got, err, want)
		}
	}
	for _, other := range []DocumentType{Passport, HKMacauPermit, TaiwanPermit} {
		if got, err := ReadNumber(other, "e12345678", now); got != "" || err == nil {
			t.Errorf("%v: a lower-case letter is read as %q", other, got)
		}
	}
}

// complete appends the check digit, computed by the weights in the standard's annex and not by the
// folding of checkDigit.
func complete(seventeen string) string {
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += w * int(seventeen[i]-'0')
	}
	return seventeen + string("10X98765432"[sum%11])
}

// Every past date is accepted, and none of the other 100 × 100 combinations of the digits.
func TestEveryPastBirthDateIsAccepted(t *testing.T) {
	days := map[string]bool{}
	for day := time.Date(OldestBirthYear, 1, 1, 0, 0, 0, 0, Beijing); !day.After(now); day = day.AddDate(0, 0, 1) {
		days[day.Format("20060102")] = true
	}
	accepted := 0
	for _, year := range []int{1899, 1900, 1904, 1970, 1999, 2000, 2024, 2025, 2026, 2027, 2100} {
		for month := range 100 {
			for day := range 100 {
				birth := fmt.Sprintf("%04d%02d%02d", year, month, day)
				err := CheckNumber(complete("110105"+birth+"461"), now)
				switch {
				case days[birth] && err != nil:
					t.Errorf("born on %s: %v", birth, err)
				case !days[birth] && !errors.Is(err, ErrNumberBirth):
					t.Errorf("born on %s, which is not a past date: %v", birth, err)
				case err == nil:
					accepted++
				}
			}
		}
	}
	// 1900 had no leap day; 1904, 2000 and 2024 did; 41 days of 2026 have begun.
	if want := 365*7 + 3 + 41; accepted != want {
		t.Errorf("%d days are accepted, want %d", accepted, want)
	}
}

func TestLeapDays(t *testing.T) {
	later := time.Date(2104, 3, 1, 0, 0, 0, 0, Beijing)
	for birth, ok := range map[string]bool{
		"19000229": false, "20000229": true, "20240229": true, "20230229": false, "21000229": false, "21040229": true, "21000228": true,
	} {
		if err := CheckNumber(complete("110105"+birth+"461"), later); (err == nil) != ok {
			t.Errorf("born on %s: %v", birth, err)
		}
	}
}

func TestBirthDateIsInBeijingTime(t *testing.T) {
	number := complete("11010520260210461")
	midnight := time.Date(2026, 2, 10, 0, 0, 0, 0, Beijing)
	if err := CheckNumber(number, midnight.Add(-time.Nanosecond)); !errors.Is(err, ErrNumberBirth) {
		t.Errorf("born tomorrow: %v", err)
	}
	if err := CheckNumber(number, midnight.UTC()); err != nil {
		t.Errorf("born today: %v", err)
	}
}

// After one wrong digit, two swapped neighbours are the most common typing error.
func TestSwappedDigitsAreDetected(t *testing.T) {
	for serial := range 1000 {
		number := complete(fmt.Sprintf("11010519900307%03d", serial))
		for i := range NumberSize - 1 {
			b := []byte(number)
			b[i], b[i+1] = b[i+1], b[i]
			if string(b) != number && CheckNumber(string(b), now) == nil {
				t.Fatalf("%s and %s are both accepted", number, b)
			}
		}
	}
}

// The forms of documents overlap only with passports, and an accepted number has one spelling: no
// other case, no spaces, no part cut off.
func FuzzCheckNumberOf(f *testing.F) {
	for _, v := range numberVectors(f) {
		f.Add(uint8(v.document), v.number)
	}
	f.Fuzz(func(t *testing.T, document uint8, number string) {
		d := DocumentType(document)
		err := CheckNumberOf(d, number, now)
		if err != nil {
			if !d.Known() && err != ErrDocumentUnknown {
				t.Fatalf("unknown type: %v", err)
			}
			return
		}
		if !d.Known() || len(number) < 5 || len(number) > NumberSize || strings.ToUpper(number) != number || strings.ContainsFunc(number, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'A' || r > 'Z')
		}) {
			t.Fatalf("%v accepts %q", d, number)
		}
		for _, other := range []string{number + " ", " " + number, number + "\x00", "０" + number[1:]} {
			if CheckNumberOf(d, other, now) == nil {
				t.Fatalf("%v accepts %q and %q", d, number, other)
			}
		}
		if read, err := ReadNumber(d, strings.ToLower(number), now); err == nil && read != number {
			t.Fatalf("%v reads %q in lower case as %q", d, number, read)
		}
		if lower := strings.ToLower(number); lower != number && CheckNumberOf(d, lower, now) == nil {
			t.Fatalf("%v accepts %q in both cases", d, number)
		}
		for _, e := range DocumentTypes() {
			if e != d && e != Passport && d != Passport && CheckNumberOf(e, number, now) == nil {
				t.Fatalf("%q is accepted for %v and %v", number, d, e)
			}
		}
	})
}
