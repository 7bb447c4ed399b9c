package passage

import (
	"fmt"
	"math/bits"
)

// Place identifies a device at a station within one process: placeBits bits of hash, of which the upper
// stationBits depend on the station alone. It is never sent to other gateways.
type Place uint32

// A station has few bits, because they only decide between the classes of a refusal: of 256 second uses at
// another station one is taken for the same station. A device has more, because they decide whether a scan is
// a repetition. [Clash] reports devices of one gateway that would be taken for each other.
const (
	stationBits = 8
	deviceBits  = 20
	placeBits   = stationBits + deviceBits
)

// PlaceOf returns the place of a device. It does not allocate.
func PlaceOf(station, device string) Place {
	h := hashText(14695981039346656037, station)
	place := scramble(h) >> (64 - stationBits) << deviceBits
	h = hashText((h^0xff)*fnvPrime, device)
	return Place(place | scramble(h)>>(64-deviceBits))
}

func (p Place) station() Place { return p >> deviceBits }

const fnvPrime = 1099511628211

// hashText continues an FNV-1a hash with a text.
func hashText(h uint64, text string) uint64 {
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * fnvPrime
	}
	return h
}

// scramble makes every bit of the result depend on every bit of h. It is the last step of MurmurHash3.
func scramble(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// reduce maps a hash to one of n numbers.
func reduce(h uint64, n int) int {
	at, _ := bits.Mul64(h, uint64(n))
	return int(at)
}

// Clash returns an error if two different devices of the list have the same [Place], or one has a name that no
// batch can contain. A gateway must not start with such devices: a code read by one of them would count as a
// repetition at the other, and passages of the other kind would be lost to other gateways. The chance of the first
// is 1 in 2,400 for 30 devices of a station; renaming one of the devices resolves both.
func Clash(devices []Located) error {
	seen := make(map[Place]Located, len(devices))
	for _, d := range devices {
		if err := d.check(); err != nil {
			return fmt.Errorf("%w: %q, %q; rename it", err, d.Station, d.Device)
		}
		place := PlaceOf(d.Station, d.Device)
		if other, taken := seen[place]; taken && other != d {
			return fmt.Errorf("passage: devices %q and %q cannot be told apart; rename one of them", other.Device, d.Device)
		}
		seen[place] = d
	}
	return nil
}

// Located is a device at its station.
type Located struct{ Station, Device string }
