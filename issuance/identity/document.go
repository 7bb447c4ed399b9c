// Package identity describes the documents that identify passengers: their types, the form of their
// numbers, the nationality on them, the form of names, and when two spellings are one name. It also
// finds the cities of China by name and by coordinates, from a table built into the program.
//
// It promises that an accepted resident ID number has the form of GB 11643, that one document's
// number has one spelling, and that names compare as rule B8 requires. It does not know whether a
// number was issued, or to whom: the face check and the station window decide that. Its errors
// never repeat what was entered. Callers pass in the time; the package stores nothing.
package identity

import (
	"errors"
	"strings"
)

// DocumentType is a type of identity document. Its number is part of hashes and of database rows:
// numbers are never reused.
type DocumentType uint8

// The document types of rule B. Code that accepts one must state which types qualify; only a
// resident ID card qualifies for a temporary ID (rule A4).
const (
	// ResidentID is the PRC resident identity card (居民身份证), second generation. First-generation
	// cards are not supported.
	ResidentID DocumentType = 1
	// Passport is a passport of any state. It has a nationality.
	Passport DocumentType = 2
	// HKMacauPermit is the mainland travel permit for Hong Kong and Macau
	// residents (港澳居民来往内地通行证).
	HKMacauPermit DocumentType = 3
	// TaiwanPermit is the mainland travel permit for Taiwan residents
	// (台湾居民来往大陆通行证).
	TaiwanPermit DocumentType = 4
)

// Errors of document types.
var (
	// ErrDocumentType means that the document does not qualify for a temporary ID or is unknown.
	ErrDocumentType = errors.New("only the PRC resident identity card qualifies")
	// ErrDocumentUnknown means that the type is unknown.
	ErrDocumentUnknown = errors.New("must be resident_id, passport, hk_macau_permit or taiwan_permit")
)

// documentNames are the stable names by type.
var documentNames = [...]string{
	ResidentID:    "resident_id",
	Passport:      "passport",
	HKMacauPermit: "hk_macau_permit",
	TaiwanPermit:  "taiwan_permit",
}

// DocumentTypes lists every type.
func DocumentTypes() []DocumentType {
	return []DocumentType{ResidentID, Passport, HKMacauPermit, TaiwanPermit}
}

// ParseKnown parses the name of any document type of rule B. Any other name is
// [ErrDocumentUnknown].
func ParseKnown(name string) (DocumentType, error) {
	for _, t := range DocumentTypes() {
		if documentNames[t] == name {
			return t, nil
		}
	}
	return 0, ErrDocumentUnknown
}

// ParseQualifying parses a document type on which a temporary ID may be issued (rule A4). Any other
// name, known or not, is [ErrDocumentType].
func ParseQualifying(name string) (DocumentType, error) {
	if t, err := ParseKnown(name); err != nil || t != ResidentID {
		return 0, ErrDocumentType
	}
	return ResidentID, nil
}

// Known reports whether t is one of [DocumentTypes].
func (t DocumentType) Known() bool { return t >= ResidentID && t <= TaiwanPermit }

func (t DocumentType) String() string {
	if !t.Known() {
		return "unknown"
	}
	return documentNames[t]
}

// Nationality is the alpha-3 code of ISO 3166-1 of a person's state; empty for documents without a
// nationality.
type Nationality string

// Errors of nationalities.
var (
	ErrNationality        = errors.New("nationality must be an upper-case alpha-3 code of ISO 3166-1")
	ErrNationalityMissing = errors.New("nationality is required with a passport")
	ErrNationalityGiven   = errors.New("nationality must be omitted for a resident ID card")
)

// nationalities are the alpha-3 codes of ISO 3166-1 in order, without HKG, MAC and TWN. Our choice:
// these three are regions whose residents travel on the permits, and a passport of Hong Kong or
// Macau has the nationality CHN (ICAO Doc 9303 part 3 lists the machine-readable codes). Known gap:
// the ICAO codes for documents without a nationality (XXA, XXB, XXC and others) are not accepted;
// their holders go to a station window.
const nationalities = `
ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE
BDI BEL BEN BES BFA BGD BGR BHR BHS BIH BLM BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA
CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR CYM CYP CZE
DEU DJI DMA DNK DOM DZA
ECU EGY ERI ESH ESP EST ETH
FIN FJI FLK FRA FRO FSM
GAB GBR GEO GGY GHA GIB GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY
HMD HND HRV HTI HUN
IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA
JAM JEY JOR JPN
KAZ KEN KGZ KHM KIR KNA KOR KWT
LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA
MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT
NAM NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL
OMN
PAK PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF
QAT
REU ROU RUS RWA
SAU SDN SEN SGP SGS SHN SJM SLB SLE SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR
TCA TCD TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TZA
UGA UKR UMI URY USA UZB
VAT VCT VEN VGB VIR VNM VUT
WLF WSM
YEM
ZAF ZMB ZWE`

var knownNationalities = func() map[string]bool {
	known := map[string]bool{}
	for code := range strings.FieldsSeq(nationalities) {
		known[code] = true
	}
	return known
}()

// ParseNationality parses the nationality on a document. A passport requires one. A resident ID
// card has none. On a permit it is optional: most holders are Chinese nationals, but there are
// permits for other residents.
func ParseNationality(t DocumentType, code string) (Nationality, error) {
	switch {
	case !t.Known():
		return "", ErrDocumentUnknown
	case t == ResidentID && code != "":
		return "", ErrNationalityGiven
	case t == Passport && code == "":
		return "", ErrNationalityMissing
	case code != "" && !knownNationalities[code]:
		return "", ErrNationality
	}
	return Nationality(code), nil
}
