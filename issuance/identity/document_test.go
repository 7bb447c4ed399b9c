package identity

import (
	"errors"
	"testing"
)

// The numbers are part of hashes and databases.
func TestDocumentTypeNumbersAreStable(t *testing.T) {
	want := map[DocumentType]string{1: "resident_id", 2: "passport", 3: "hk_macau_permit", 4: "taiwan_permit"}
	if len(DocumentTypes()) != len(want) {
		t.Fatalf("%d types", len(DocumentTypes()))
	}
	for d := range 256 {
		name, known := want[DocumentType(d)]
		if DocumentType(d).Known() != known {
			t.Errorf("type %d: known is %v", d, !known)
		}
		if !known {
			name = "unknown"
		}
		if got := DocumentType(d).String(); got != name {
			t.Errorf("type %d is %q, want %q", d, got, name)
		}
		if got, err := ParseKnown(name); known && (err != nil || got != DocumentType(d)) {
			t.Errorf("%q is read as %d: %v", name, got, err)
		}
	}
}

func TestA4_OnlyTheResidentCardQualifies(t *testing.T) {
	for _, d := range DocumentTypes() {
		got, err := ParseQualifying(d.String())
		if d == ResidentID && (got != d || err != nil) || d != ResidentID && !errors.Is(err, ErrDocumentType) {
			t.Errorf("%v: %v, %v", d, got, err)
		}
	}
}

func TestParseKnownIsStrict(t *testing.T) {
	for _, name := range []string{"", "unknown", "Passport", "passport ", "resident_id\x00", "1", "residence_permit", "护照"} {
		if d, err := ParseKnown(name); d != 0 || !errors.Is(err, ErrDocumentUnknown) {
			t.Errorf("%q: %v, %v", name, d, err)
		}
	}
}

func TestParseNationality(t *testing.T) {
	for _, c := range []struct {
		document DocumentType
		code     string
		want     error
	}{
		{Passport, "GBR", nil},
		{Passport, "CHN", nil},
		{Passport, "DEU", nil},
		{Passport, "", ErrNationalityMissing},
		{Passport, "D", ErrNationality}, // the machine-readable code of a German passport
		{Passport, "gbr", ErrNationality},
		{Passport, "GB", ErrNationality},
		{Passport, "GBR ", ErrNationality},
		{Passport, "GBR AND", ErrNationality},
		{Passport, "HKG", ErrNationality},
		{Passport, "MAC", ErrNationality},
		{Passport, "TWN", ErrNationality},
		{Passport, "XXA", ErrNationality},
		{Passport, "YUG", ErrNationality},
		{HKMacauPermit, "", nil},
		{HKMacauPermit, "CHN", nil},
		{HKMacauPermit, "IND", nil},
		{HKMacauPermit, "HKG", ErrNationality},
		{TaiwanPermit, "", nil},
		{TaiwanPermit, "XXX", ErrNationality},
		{ResidentID, "", nil},
		{ResidentID, "CHN", ErrNationalityGiven},
		{0, "", ErrDocumentUnknown},
		{5, "GBR", ErrDocumentUnknown},
	} {
		got, err := ParseNationality(c.document, c.code)
		if !errors.Is(err, c.want) || err == nil && string(got) != c.code || err != nil && got != "" {
			t.Errorf("%v with %q: %q, %v; want %v", c.document, c.code, got, err, c.want)
		}
	}
}

// ISO 3166-1 assigns 249 codes; three are excluded.
func TestNationalitiesAreComplete(t *testing.T) {
	if len(knownNationalities) != 249-3 {
		t.Errorf("%d nationalities", len(knownNationalities))
	}
	for code := range knownNationalities {
		if len(code) != 3 || code[0] < 'A' || code[0] > 'Z' || code[1] < 'A' || code[1] > 'Z' || code[2] < 'A' || code[2] > 'Z' {
			t.Errorf("%q is not an alpha-3 code", code)
		}
	}
}
