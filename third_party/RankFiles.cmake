# FOREBAY_RANK_FILES: the folder with the rank files of OpenAI's encodings, which become part of the program.
# third_party/rank_files.sh fetches them and prints the folder; configure only asks for it.
if(NOT FOREBAY_RANK_FILES)
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/third_party/rank_files.sh
    OUTPUT_VARIABLE FOREBAY_RANK_FILES OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "the rank files could not be fetched: see the lines above")
  endif()
endif()
set(FOREBAY_RANK_FILES ${FOREBAY_RANK_FILES} CACHE PATH "where third_party/rank_files.sh put the rank files" FORCE)
