package identity

import (
	"errors"
	"strings"
)

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
