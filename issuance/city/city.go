package city

import (
	"errors"
	"math"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	// Reach is how far from the nearest known place coordinates still belong to its
	// city, km. Our choice: parts of Tibet and Xinjiang are so far from every town of the
	// table, and farther out there is only the sea.
	Reach = 300
	// Slack is how far from a city's nearest known place coordinates still fit the city
	// although another one is nearer, km. Our choice: the table has no borders; and in
	// the ten minutes that a form may take, a train travels 50 km at 300 km/h.
	Slack = 50
	// earth is the radius of the earth, km.
	earth = 6371
)

// Why coordinates and a city are refused.
var (
	ErrCoordinates = errors.New("must have a latitude of -90 to 90 and a longitude of -180 to 180 degrees")
	ErrUnknown     = errors.New("is no city of China by its official name, with or without its kind and its province, or in Latin letters")
	ErrElsewhere   = errors.New("does not fit the coordinates")
	ErrOutside     = errors.New("there is no city near these coordinates")
	ErrSwapped     = errors.New("there is no city near these coordinates; latitude and longitude seem to be swapped")
)

// Valid reports whether coordinates are a place on the earth. NaN is none.
func Valid(latitude, longitude float64) bool {
	return latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180
}

// At is the city at coordinates, in degrees: the one of the nearest place within
// Reach. A nearer place outside the table is outside: ErrOutside.
func At(latitude, longitude float64) (City, error) {
	if !Valid(latitude, longitude) {
		return City{}, ErrCoordinates
	}
	if i := all.nearest(latitude, longitude); i != outside {
		return all.cities[i], nil
	}
	if Valid(longitude, latitude) && all.nearest(longitude, latitude) != outside {
		return City{}, ErrSwapped
	}
	return City{}, ErrOutside
}

// Check reports whether a person at the coordinates may name the city: it is a city
// of the table, and the coordinates lie in it or near it (Slack).
func Check(name string, latitude, longitude float64) error {
	if !Valid(latitude, longitude) {
		return ErrCoordinates
	}
	named := all.names[spelling(name)]
	if len(named) == 0 {
		return ErrUnknown
	}
	p, most := pointAt(latitude, longitude), chord(Slack)
	for _, q := range all.places {
		if q.city != outside && p.to(q.at) <= most && contains(named, q.city) {
			return nil
		}
	}
	if contains(named, all.nearest(latitude, longitude)) {
		return nil
	}
	return ErrElsewhere
}

func contains(cities []int, city int) bool {
	for _, c := range cities {
		if c == city {
			return true
		}
	}
	return false
}

// nearest is the city of the nearest place within Reach, or outside.
func (t *table) nearest(latitude, longitude float64) int {
	p, city, least := pointAt(latitude, longitude), outside, chord(Reach)
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

// spelling is what the ways to write a city's name share: no spaces, apostrophes,
// hyphens, accents and case.
func spelling(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.M, r) || strings.ContainsRune("'’‘-", r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(name))
}
