# What ./run and each lane of ./test build. Include it after every module.

# forebay_group(NAME TARGET…): builds those of the targets that exist in this configuration.
function(forebay_group name)
  add_custom_target(${name})
  foreach(target IN LISTS ARGN)
    if(TARGET ${target})
      add_dependencies(${name} ${target})
    endif()
  endforeach()
endfunction()

get_property(modules GLOBAL PROPERTY FOREBAY_MODULES)
list(TRANSFORM modules APPEND _test OUTPUT_VARIABLE module_tests)
get_property(fuzz_names GLOBAL PROPERTY FOREBAY_FUZZ_NAMES)
list(TRANSFORM fuzz_names PREPEND fuzz_ OUTPUT_VARIABLE fuzz_names)

forebay_group(run_needs forebay demo_model)
forebay_group(unit_tests ${module_tests})
forebay_group(fuzz_targets ${fuzz_names})
# The modules with threads of their own, and what the scenario tests start.
set(threaded base exec net storage journal engine keys runtime)
list(TRANSFORM threaded APPEND _test)
forebay_group(tsan_tests ${threaded} forebay demo_model)
