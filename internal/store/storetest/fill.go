package storetest

import (
	"fmt"
	"reflect"

	"recoup/internal/ledger"
)

// Fill sets every exported field below v, a pointer, to something else than zero and different from field to field; lists get two
// elements. A field that is added to an entity is so tested for a round trip the same day.
func Fill(v any, seed int) {
	n := seed * 1000
	fill(reflect.ValueOf(v).Elem(), &n)
	if o, ok := v.(*ledger.Op); ok {
		o.Seq = 0 // given by Save
	}
}

func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("文本 \"%d\"\n\\", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n)<<20 + int64(*n))
	case reflect.Uint8:
		v.SetUint(uint64(*n%3 + 1))
	case reflect.Uint16:
		v.SetUint(uint64(*n%60000 + 1))
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, n)
			fill(value, n)
			v.SetMapIndex(key, value)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "Replayed" { // which is not stored
				fill(v.Field(i), n)
			}
		}
	default:
		panic(fmt.Sprintf("storetest: cannot fill a %s", v.Type()))
	}
}
