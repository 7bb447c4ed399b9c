package identity

import (
	"errors"
	"math"
	"testing"
)

func TestT08_CityIsFoundByCoordinates(t *testing.T) {
	for _, c := range []struct {
		lat, lng float64
		want     string
	}{
		{39.8651, 116.3785, "北京市"}, // Beijing South station
		{40.4563, 115.9750, "北京市"}, // Yanqing
		{31.1945, 121.3200, "上海市"}, // Hongqiao
		{29.6100, 106.5500, "重庆市"}, // North station
		{31.0748, 109.8790, "重庆市"}, // Wushan, 330 km from the centre
		{39.1356, 117.2100, "天津市"},
		{31.3100, 120.6000, "苏州市"},
		{33.6400, 116.9700, "宿州市"},
		{42.8910, 129.5000, "延边朝鲜族自治州"},  // Yanji
		{48.0200, 86.4200, "阿勒泰地区"},      // Burqin way
		{36.4160, 94.9000, "海西蒙古族藏族自治州"}, // Golmud
		{31.4700, 92.0600, "那曲市"},
		{18.2960, 109.4900, "三亚市"},
		{30.3660, 113.4540, "仙桃市"},     // governed by the province directly
		{22.3040, 114.1660, "香港特别行政区"}, // West Kowloon station
		{53.4800, 122.3600, "大兴安岭地区"},  // Mohe
	} {
		if got, err := CityAt(c.lat, c.lng); err != nil || got.Name != c.want {
			t.Errorf("%v, %v is %+v (%v), want %s", c.lat, c.lng, got, err, c.want)
		}
	}
}

func TestT29_CoordinatesWithoutCityAreRefused(t *testing.T) {
	for _, c := range []struct {
		lat, lng float64
		want     error
	}{
		{91, 116.4, ErrCoordinates}, {39.9, 181, ErrCoordinates}, {-91, 0, ErrCoordinates}, {0, -181, ErrCoordinates},
		{math.NaN(), 116.4, ErrCoordinates}, {39.9, math.NaN(), ErrCoordinates}, {math.Inf(1), 0, ErrCoordinates}, {0, math.Inf(-1), ErrCoordinates},
		{116.4, 39.9, ErrCoordinates}, // Beijing, swapped
		{80.98, 41.12, ErrSwapped},    // Aksu, swapped
		{79.9, 37.1, ErrSwapped},      // Hotan, swapped
		{0, 0, ErrNoCity}, {-90, 0, ErrNoCity}, {90, 180, ErrNoCity},
		{35.6812, 139.7671, ErrNoCity}, {37.5547, 126.9707, ErrNoCity}, {47.9188, 106.9176, ErrNoCity}, {43.1150, 131.8850, ErrNoCity},
		{21.0245, 105.8412, ErrNoCity}, {25.0478, 121.5170, ErrNoCity}, {28.6, 77.2, ErrNoCity},
		{30.0, 126.0, ErrNoCity}, // the East China Sea
	} {
		if got, err := CityAt(c.lat, c.lng); got != (City{}) || !errors.Is(err, c.want) {
			t.Errorf("%v, %v is %+v (%v), want %v", c.lat, c.lng, got, err, c.want)
		}
	}
}

func TestT08_NamedCityMustMatchTheCoordinates(t *testing.T) {
	for _, c := range []struct {
		name     string
		lat, lng float64
		want     error
	}{
		{"北京", 39.8651, 116.3785, nil}, {"北京市", 39.8651, 116.3785, nil}, {"Beijing", 39.8651, 116.3785, nil}, {" beijing ", 39.8651, 116.3785, nil},
		{"廊坊", 39.8651, 116.3785, nil}, // 45 km away
		{"上海", 39.8651, 116.3785, ErrCityElsewhere}, {"石家庄市", 39.8651, 116.3785, ErrCityElsewhere},
		{"西安", 34.3770, 108.9330, nil}, {"Xi'an", 34.3770, 108.9330, nil}, {"XI’AN", 34.3770, 108.9330, nil}, {"xian", 34.3770, 108.9330, nil},
		{"江苏省苏州市", 31.31, 120.60, nil}, {"Suzhou", 31.31, 120.60, nil}, {"Suzhou", 33.64, 116.97, nil}, {"苏州", 33.64, 116.97, ErrCityElsewhere},
		{"延边朝鲜族自治州", 42.891, 129.5, nil}, {"延边州", 42.891, 129.5, nil}, {"延边", 42.891, 129.5, nil}, {"吉林省延边", 42.891, 129.5, nil},
		{"Luliang", 37.52, 111.14, nil}, {"LÜLIANG", 37.52, 111.14, nil},
		{"那曲", 33.2, 88.9, nil}, // far from every place; this one is the nearest
		{"深圳", 22.304, 114.166, nil},
		{"", 39.8651, 116.3785, ErrCityUnknown}, {"亚特兰蒂斯", 39.8651, 116.3785, ErrCityUnknown}, {"北京市海淀区", 39.8651, 116.3785, ErrCityUnknown}, {"-", 39.8651, 116.3785, ErrCityUnknown},
		{"北京", 35.6812, 139.7671, ErrCityElsewhere}, {"北京", 0, 0, ErrCityElsewhere},
		{"北京", 116.3785, 39.8651, ErrCoordinates}, {"北京", math.NaN(), 116, ErrCoordinates}, {"北京", 39.9, 181, ErrCoordinates},
	} {
		if err := CheckCity(c.name, c.lat, c.lng); !errors.Is(err, c.want) {
			t.Errorf("%q at %v, %v: %v, want %v", c.name, c.lat, c.lng, err, c.want)
		}
	}
}

// The table contains every city once.
func TestCityTableIsComplete(t *testing.T) {
	if len(cityTable.cities) != 360 {
		t.Errorf("%d cities", len(cityTable.cities))
	}
	kinds := map[string]int{}
	seen := map[string]bool{}
	for _, c := range cityTable.cities {
		if seen[c.Name] || c.English == "" {
			t.Errorf("%+v is duplicate or has no name in Latin letters", c)
		}
		seen[c.Name] = true
		last := []rune(c.Name)
		kinds[string(last[len(last)-1:])]++
	}
	t.Logf("%v", kinds)
	for i, c := range cityTable.cities {
		if named := cityTable.names[cityKey(c.Name)]; len(named) != 1 || named[0] != i {
			t.Errorf("%s has the indexes %v", c.Name, named)
		}
	}
	if n := len(cityTable.places); n < 4000 || n > 8000 {
		t.Errorf("%d places", n)
	}
}

// CheckCity accepts every city that CityAt returns.
func FuzzCheckCity(f *testing.F) {
	f.Add("北京", 39.8651, 116.3785)
	f.Add("Xi'an", 34.377, 108.933)
	f.Add("\u202e北京", math.NaN(), -181.0)
	f.Add("延边朝鲜族自治州", 116.4, 39.9)
	f.Fuzz(func(t *testing.T, name string, lat, lng float64) {
		err := CheckCity(name, lat, lng)
		if err != nil && err != ErrCoordinates && err != ErrCityUnknown && err != ErrCityElsewhere {
			t.Fatalf("undeclared error: %T", err)
		}
		c, atErr := CityAt(lat, lng)
		if (err == ErrCoordinates) != !ValidCoordinates(lat, lng) || (atErr == ErrCoordinates) != !ValidCoordinates(lat, lng) {
			t.Fatalf("%v, %v: %v, %v", lat, lng, err, atErr)
		}
		if atErr == nil && CheckCity(c.Name, lat, lng) != nil {
			t.Fatalf("CityAt returns %s, but CheckCity refuses it", c.Name)
		}
		if atErr != nil && c != (City{}) {
			t.Fatalf("a city was returned with %v", atErr)
		}
	})
}

func BenchmarkCityAt(b *testing.B) {
	for b.Loop() {
		if _, err := CityAt(39.8651, 116.3785); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckCity(b *testing.B) {
	for b.Loop() {
		if err := CheckCity("北京", 39.8651, 116.3785); err != nil {
			b.Fatal(err)
		}
	}
}
