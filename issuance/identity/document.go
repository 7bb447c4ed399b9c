// Package identity knows the documents that passengers are identified by: what
// kinds there are, whether a number can be one's, which nationality goes with it,
// what a name may be and when two spellings are one name. It also knows the cities
// of China by name and by coordinates, from a table that is part of the program.
//
// It promises that a resident ID number it accepts has the form of GB 11643, that
// one document's number has one spelling, and that names compare as rule B8 says.
// It cannot know whether a number was ever issued, nor whose it is: that is the
// business of the face check and of the station window. Its errors never
// repeat what was entered. It reads no clock and keeps nothing.
package identity

import (
	"errors"
	"strings"
)

// DocumentType is a kind of identity document. Its number goes into hashes and
// the database: never reuse one.
type DocumentType uint8

// The documents of rule B. Whoever takes one must say which of them qualify for
// what: for a temporary ID only the first does (rule A4).
const (
	// ResidentID is the PRC resident identity card (居民身份证), second
	// generation: the first is not supported.
	ResidentID DocumentType = 1
	// Passport is a passport of any state; it goes with a nationality.
	Passport DocumentType = 2
	// HKMacauPermit is the mainland travel permit for Hong Kong and Macau
	// residents (港澳居民来往内地通行证).
	HKMacauPermit DocumentType = 3
	// TaiwanPermit is the mainland travel permit for Taiwan residents
	// (台湾居民来往大陆通行证).
	TaiwanPermit DocumentType = 4
)

// Why a document type is refused.
var (
	// ErrDocumentType says that the document does not qualify for a temporary
	// ID, or is not known.
	ErrDocumentType = errors.New("only the PRC resident identity card qualifies")
	// ErrDocumentUnknown says that no such type is known.
	ErrDocumentUnknown = errors.New("must be resident_id, passport, hk_macau_permit or taiwan_permit")
)

// documentNames are the stable names, by type.
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

// ParseKnown reads the name of any document of rule B; everything else is
// ErrDocumentUnknown.
func ParseKnown(name string) (DocumentType, error) {
	for _, t := range DocumentTypes() {
		if documentNames[t] == name {
			return t, nil
		}
	}
	return 0, ErrDocumentUnknown
}

// ParseQualifying reads a document type on which a temporary ID may be issued
// (rule A4); everything else, known or not, is ErrDocumentType.
func ParseQualifying(name string) (DocumentType, error) {
	if t, err := ParseKnown(name); err != nil || t != ResidentID {
		return 0, ErrDocumentType
	}
	return ResidentID, nil
}

// Known reports whether the type is one of DocumentTypes.
func (t DocumentType) Known() bool { return t >= ResidentID && t <= TaiwanPermit }

func (t DocumentType) String() string {
	if !t.Known() {
		return "unknown"
	}
	return documentNames[t]
}

// Nationality is the alpha-3 code of ISO 3166-1 for whose national a person is;
// empty where the document goes without.
type Nationality string

// Why a nationality is refused.
var (
	ErrNationality        = errors.New("nationality must be an upper-case alpha-3 code of ISO 3166-1")
	ErrNationalityMissing = errors.New("nationality is required with a passport")
	ErrNationalityGiven   = errors.New("nationality does not go with a resident ID card")
)

// nationalities are the alpha-3 codes of ISO 3166-1 in order, but for HKG, MAC
// and TWN. Ours: these three are regions, their residents travel on the permits,
// and a passport of Hong Kong or Macau is one of CHN (ICAO Doc 9303 part 3 lists
// what machines read). Ours, a known hole: the codes that ICAO adds for papers
// without a nationality (XXA, XXB, XXC and others) are not taken; their bearers
// go to the window.
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

// ParseNationality reads the nationality that goes with a document. A passport
// needs one. A resident ID card has none. A permit may go without: its holder is
// a Chinese national as a rule, but permits for others who live there exist.
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
