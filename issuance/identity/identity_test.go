package identity

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// The morning of 2026-02-10 in Beijing; in UTC it is still the 9th.
var now = time.Date(2026, 2, 10, 6, 0, 0, 0, Beijing)

func TestCheckNumber(t *testing.T) {
	for _, c := range []struct {
		number string
		want   error
		why    string
	}{
		{"11010519491231002X", nil, "the example of GB 11643"},
		{"110105199003074616", nil, ""},
		{"65010119000101001X", nil, "the oldest birth date"},
		{"440301202602100018", nil, "born today in Beijing, tomorrow in UTC"},
		{"440301202602110015", ErrNumberBirth, "born tomorrow"},
		{"", ErrNumberForm, "empty"},
		{"110105491231002", ErrFirstGeneration, "15 digits"},
		{"11010549123100X", ErrNumberForm, "15 characters, not all digits"},
		{"11010519491231002x", ErrNumberForm, "lower-case x"},
		{"11010519491231002", ErrNumberForm, "17 characters"},
		{"11010519491231002XX", ErrNumberForm, "19 characters"},
		{"1101051949123100XX", ErrNumberForm, "X before the end"},
		{" 1010519491231002X", ErrNumberForm, "space"},
		{"１10105194912310X", ErrNumberForm, "a wide digit, 18 bytes"},
		{"110105199003074617", ErrNumberCheck, "one digit changed at the end"},
		{"110105199003074661", ErrNumberCheck, "two digits swapped"},
		{"11010519491231003X", ErrNumberCheck, "one digit changed"},
		{"810105199003074616", ErrNumberRegion, "a residence permit's prefix"},
		{"000105199003074616", ErrNumberRegion, ""},
		{"110105199002304616", ErrNumberBirth, "30 February"},
		{"110105190002294616", ErrNumberBirth, "29 February of a common year"},
		{"110105199013014616", ErrNumberBirth, "month 13"},
		{"110105199000014616", ErrNumberBirth, "month 0"},
		{"110105189912314616", ErrNumberBirth, "too old"},
		{"110105202602114616", ErrNumberBirth, "tomorrow"},
	} {
		err := CheckNumber(c.number, now)
		if !errors.Is(err, c.want) {
			t.Errorf("%q (%s): %v, want %v", c.number, c.why, err, c.want)
		}
	}
}

// The check digit must agree with the standard's own formulation: the weighted
// sum of all 18 is 1 modulo 11.
func FuzzCheckNumber(f *testing.F) {
	for _, seed := range []string{"11010519491231002X", "110105199003074616", "440301202602100018", "110105189912314616", "", "中文"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, number string) {
		err := CheckNumber(number, now)
		if err != nil {
			// The errors are constants, so none can repeat what was entered.
			if err != ErrFirstGeneration && err != ErrNumberForm && err != ErrNumberRegion && err != ErrNumberBirth && err != ErrNumberCheck {
				t.Fatalf("undeclared error: %T", err)
			}
			return
		}
		if len(number) != 18 {
			t.Fatalf("accepted %d characters", len(number))
		}
		weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1}
		sum := 0
		for i, c := range number {
			digit := int(c - '0')
			if c == 'X' && i == 17 {
				digit = 10
			}
			sum += weights[i] * digit
		}
		if sum%11 != 1 {
			t.Fatalf("%s was accepted and its weighted sum is %d modulo 11", number, sum%11)
		}
		// No single wrong digit may pass.
		for i := range 17 {
			wrong := []byte(number)
			wrong[i] = '0' + (wrong[i]-'0'+1)%10
			if CheckNumber(string(wrong), now) == nil {
				t.Fatalf("%s is accepted too", wrong)
			}
		}
	})
}

func TestParseQualifying(t *testing.T) {
	if d, err := ParseQualifying("resident_id"); err != nil || d != ResidentID || d.String() != "resident_id" {
		t.Fatalf("%v, %v", d, err)
	}
	for _, other := range []string{"", "passport", "Resident_ID", "resident_id ", "hk_macau_permit", "taiwan_permit", "residence_permit"} {
		if _, err := ParseQualifying(other); !errors.Is(err, ErrDocumentType) {
			t.Errorf("%q qualifies: %v", other, err)
		}
	}
}

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"测试甲":                   "测试甲",
		"  Test A \t":           "Test A",
		"\u3000测试\u3000":        "测试", // the wide space
		"阿卜·测试":                 "阿卜·测试",
		strings.Repeat("测", 60): strings.Repeat("测", 60),
		"":                      "",
		"   ":                   "",
		strings.Repeat("测", 61): "",
		"a\x00b":                "",
		"a\nb":                  "",
		"a\u202eb":              "", // reverses the following text
		"a\u200bb":              "", // invisible
		"a\u2028b":              "",
		"broken \xff":           "",
		"broken \ufffd":         "",
	} {
		got, err := CleanName(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q became %q (%v), want %q", in, got, err, want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	f.Add("测试甲")
	f.Add(" a\u202eb ")
	f.Fuzz(func(t *testing.T, in string) {
		once, err := CleanName(in)
		if err != nil {
			return
		}
		if twice, err := CleanName(once); err != nil || twice != once {
			t.Fatalf("%q became %q and then %q: %v", in, once, twice, err)
		}
	})
}
