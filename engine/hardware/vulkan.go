package hardware

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"unsafe"
)

// What is used of Vulkan's vulkan_core.h.
const (
	vkInstanceInfo   = 1          // VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO
	vkProperties     = 1000059001 // …_PHYSICAL_DEVICE_PROPERTIES_2
	vkMemory         = 1000059006 // …_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2
	vkDriver         = 1000196000 // …_PHYSICAL_DEVICE_DRIVER_PROPERTIES
	vkPCIBus         = 1000212000 // …_PHYSICAL_DEVICE_PCI_BUS_INFO_PROPERTIES_EXT
	vkBudget         = 1000237000 // …_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT
	vkIntegrated     = 1          // VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU
	vkDiscrete       = 2          // VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU
	vkLocal          = 1          // VK_MEMORY_HEAP_DEVICE_LOCAL_BIT
	vkIncomplete     = 5          // VK_INCOMPLETE
	vkVersion        = 1<<22 | 1<<12
	vkPropertiesSize = 824 // sizeof(VkPhysicalDeviceProperties) on 64-bit systems
)

// vulkanLibraries are the loaders' names.
func vulkanLibraries() []string {
	switch runtime.GOOS {
	case "windows":
		return []string{"vulkan-1.dll"}
	case "darwin":
		return nil // it sits upon Metal there, which is asked
	}
	return []string{"libvulkan.so.1"}
}

// vkStruct is a structure of Vulkan's that names the next in a chain.
type vkStruct struct {
	kind uint32
	_    uint32
	next unsafe.Pointer
	data [1024]byte // longer than any that is used
}

// askVulkan lists the devices of Vulkan's drivers that are hardware. Drivers
// that compute on the processor, such as Mesa's lavapipe, are left out. It needs
// Vulkan 1.1.
func askVulkan(names ...string) []GPU {
	if unsafe.Sizeof(uintptr(0)) < 8 || len(names) == 0 {
		return nil
	}
	lib, err := openLibrary(names...)
	if err != nil {
		return nil
	}
	// The library stays: its drivers may have begun threads.
	create, destroy, list := lib.symbol("vkCreateInstance"), lib.symbol("vkDestroyInstance"), lib.symbol("vkEnumeratePhysicalDevices")
	properties, memory := lib.symbol("vkGetPhysicalDeviceProperties2"), lib.symbol("vkGetPhysicalDeviceMemoryProperties2")
	if create == 0 || destroy == 0 || list == 0 || properties == 0 || memory == 0 {
		return nil
	}
	var pins pins
	defer pins.Unpin()
	type application struct { // VkApplicationInfo
		kind          uint32
		next          unsafe.Pointer
		name          unsafe.Pointer
		version       uint32
		engine        unsafe.Pointer
		engineVersion uint32
		api           uint32
	}
	type instanceInfo struct { // VkInstanceCreateInfo
		kind           uint32
		next           unsafe.Pointer
		flags          uint32
		application    *application
		layers         uint32
		layerNames     unsafe.Pointer
		extensions     uint32
		extensionNames unsafe.Pointer
	}
	app := &application{api: vkVersion}
	info := &instanceInfo{kind: vkInstanceInfo, application: app}
	instance := new(uintptr)
	pins.at(unsafe.Pointer(app))
	if int32(call(create, pins.at(unsafe.Pointer(info)), 0, pins.at(unsafe.Pointer(instance)))) != 0 {
		return nil
	}
	defer call(destroy, *instance, 0)
	n, devices := new(uint32), make([]uintptr, mostGPUs)
	*n = uint32(len(devices))
	if r := int32(call(list, *instance, pins.at(unsafe.Pointer(n)), pins.at(unsafe.Pointer(&devices[0])))); r != 0 && r != vkIncomplete {
		return nil
	}
	var found []GPU
	for _, device := range devices[:min(int(*n), len(devices))] {
		ask := func(function uintptr, first *vkStruct, rest ...*vkStruct) {
			for at := first; len(rest) > 0; at, rest = rest[0], rest[1:] {
				pins.at(unsafe.Pointer(rest[0]))
				at.next = unsafe.Pointer(rest[0])
			}
			call(function, device, pins.at(unsafe.Pointer(first)))
		}
		p, driver, bus := &vkStruct{kind: vkProperties}, &vkStruct{kind: vkDriver}, &vkStruct{kind: vkPCIBus}
		for i := range 16 {
			bus.data[i] = 0xff // stays where the driver does not tell
		}
		ask(properties, p, driver, bus)
		if g, ok := vulkanDevice(p.data[:], driver.data[:], bus.data[:]); ok {
			m, budget := &vkStruct{kind: vkMemory}, &vkStruct{kind: vkBudget}
			ask(memory, m, budget)
			g.Memory, g.Free = vulkanMemory(m.data[:], budget.data[:])
			found = append(found, g)
		}
	}
	return found
}

// vulkanDevice reads VkPhysicalDeviceProperties, VkPhysicalDeviceDriverProperties
// and VkPhysicalDevicePCIBusInfoPropertiesEXT. Only hardware is ok.
func vulkanDevice(p, driver, bus []byte) (g GPU, ok bool) {
	u32 := func(b []byte, at int) uint32 { return binary.NativeEndian.Uint32(b[at:]) }
	kind := u32(p, 16)
	if kind != vkIntegrated && kind != vkDiscrete {
		return GPU{}, false
	}
	g = GPU{Name: text(p[20:276]), Vendor: vendors[u32(p, 8)], API: "vulkan", Shares: kind == vkIntegrated}
	if g.Vendor == "" {
		g.Vendor = fmt.Sprintf("vendor %04x", u32(p, 8))
	}
	g.Driver = text(driver[4:260])
	if about := text(driver[260:516]); g.Driver != "" && about != "" {
		g.Driver += " " + about
	}
	if domain := u32(bus, 0); domain != 0xffffffff {
		g.PCI = address(domain, u32(bus, 4), u32(bus, 8), u32(bus, 12))
	}
	return g, true
}

// vulkanMemory reads VkPhysicalDeviceMemoryProperties and what is free of it from
// VkPhysicalDeviceMemoryBudgetPropertiesEXT: of the largest heap that is the
// device's own.
func vulkanMemory(m, budget []byte) (total, free int64) {
	const heaps, heapBytes, most = 264, 16, 16
	n := min(binary.NativeEndian.Uint32(m[260:]), most)
	for i := range int(n) {
		size := bytesOf(binary.NativeEndian.Uint64(m[heaps+heapBytes*i:]))
		if binary.NativeEndian.Uint32(m[heaps+heapBytes*i+8:])&vkLocal == 0 || size <= total {
			continue
		}
		may, used := bytesOf(binary.NativeEndian.Uint64(budget[8*i:])), bytesOf(binary.NativeEndian.Uint64(budget[8*most+8*i:]))
		total, free = size, max(0, min(may-used, size))
	}
	return total, free
}
