// SPDX-License-Identifier: GPL-2.0-only
/*
 * Never loaded: makes clang write every boundary type into BTF, from which scripts/gen-layout.ts generates the
 * TypeScript layout. Compiled with -Wpadded, so that no struct hides padding.
 */
#include <linux/types.h>
#include "telegen/records.h"

#define TG_STRUCT(type) struct type layout_##type;
#define TG_ENUM(type) enum type layout_##type;

TG_STRUCT(tg_head)
TG_STRUCT(tg_owner)
TG_STRUCT(tg_tuple)
TG_STRUCT(tg_connection)
TG_STRUCT(tg_connection_end)
TG_STRUCT(tg_exec)
TG_STRUCT(tg_exec_detail)
TG_STRUCT(tg_exit)
TG_STRUCT(tg_udp_socket_closed)
TG_STRUCT(tg_payload)
TG_STRUCT(tg_stream_closed)
TG_STRUCT(tg_counter_value)
TG_STRUCT(tg_process)
TG_STRUCT(tg_udp_key)
TG_STRUCT(tg_udp_flow)
TG_STRUCT(tg_flow)
TG_STRUCT(tg_listed_range4)
TG_STRUCT(tg_listed_range6)
TG_STRUCT(tg_listed_bucket)
TG_STRUCT(tg_listed_part)
TG_STRUCT(tg_listed_table)
TG_STRUCT(tg_service_key)
TG_STRUCT(tg_service_counts)
TG_STRUCT(tg_endpoint_key)
TG_STRUCT(tg_endpoint_counts)
TG_STRUCT(tg_sender_key)
TG_STRUCT(tg_sender)
TG_STRUCT(tg_probe_key)
TG_STRUCT(tg_probe)
TG_STRUCT(tg_sample)
TG_ENUM(tg_record_kind)
TG_ENUM(tg_phase)
TG_ENUM(tg_role)
TG_ENUM(tg_reason)
TG_ENUM(tg_spoken)
TG_ENUM(tg_attribution)
TG_ENUM(tg_counter)
TG_ENUM(tg_content)
TG_ENUM(tg_direction)
TG_ENUM(tg_piece)
TG_ENUM(tg_flow_flag)
TG_ENUM(tg_mark)
TG_ENUM(tg_listed_source)
TG_ENUM(tg_packet_protocol)
TG_ENUM(tg_service)
TG_ENUM(tg_probe_kind)
TG_ENUM(tg_probe_answer)
TG_ENUM(tg_packet_stat)
